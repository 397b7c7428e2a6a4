"""What a request asks for: every parameter is read here, and a wrong one is answered with what is right."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from werkzeug.datastructures import MultiDict

from reverse_search.domain.words import Kind, QualityGrade
from reverse_search.errors import BadRequest
from reverse_search.search.filter_text import PARAMETERS, read_filters, write_filters
from reverse_search.search.query import DEFAULT_GRADES, Filters

PAGE_SIZE = 24
MOST_A_PAGE = 100
LAST_PAGE = 100_000
E = TypeVar("E", bound=StrEnum)
Arguments = MultiDict[str, str]


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a longer list: 1 is the first."""

    number: int
    size: int

    @property
    def offset(self) -> int:
        """Entries before it."""
        return (self.number - 1) * self.size

    def count(self, entries: int) -> int:
        """How many pages that many entries fill, at least one."""
        return max(1, -(-entries // self.size))


def page_of(arguments: Arguments) -> Page:
    """Read `page` and `per_page`. Raises BadRequest."""
    return Page(
        _number(arguments, "page", 1, LAST_PAGE, default=1),
        _number(arguments, "per_page", 1, MOST_A_PAGE, default=PAGE_SIZE),
    )


def kind_of(arguments: Arguments) -> Kind | None:
    """Read `kind`: None for "any" or nothing. Raises BadRequest."""
    text = arguments.get("kind", "any")
    return None if text in ("any", "") else _word(Kind, "kind", text, extra=("any",))


def grades_of(arguments: Arguments) -> frozenset[QualityGrade]:
    """Read `quality_grade`, which may come several times or with commas. Raises BadRequest."""
    words = [word for text in arguments.getlist("quality_grade") for word in text.split(",") if word]
    return frozenset(_word(QualityGrade, "quality_grade", word) for word in words) or DEFAULT_GRADES


def filters_of(arguments: Arguments) -> Filters:
    """Read the filters (see `filter_text`); lists may come several times or with commas. Raises BadRequest."""
    return read_filters({name: ",".join(filter(None, arguments.getlist(name))) for name in PARAMETERS})


def filter_parameters(filters: Filters) -> dict[str, str]:
    """The parameters that `filters_of` reads as the same filters: for links and forms."""
    return write_filters(filters)


def link_parameters(grades: frozenset[QualityGrade], page: Page) -> dict[str, object]:
    """The parameters that links to the same search need, where they aren't the defaults."""
    parameters: dict[str, object] = {}
    if grades != DEFAULT_GRADES:
        parameters["quality_grade"] = sorted(grades)
    if page.size != PAGE_SIZE:
        parameters["per_page"] = page.size
    return parameters


def _number(arguments: Arguments, name: str, least: int, most: int, *, default: int) -> int:
    text = arguments.get(name) or str(default)
    if not (text.isascii() and text.isdecimal() and len(text) <= 9 and least <= int(text) <= most):
        raise BadRequest(f"{name} can't be {text!r}; use a number from {least} to {most}")
    return int(text)


def _word(words: type[E], name: str, text: str, extra: tuple[str, ...] = ()) -> E:
    try:
        return words(text)
    except ValueError:
        allowed = ", ".join((*extra, *words))
        raise BadRequest(f"{name} can't be {text!r}; use one of {allowed}") from None
