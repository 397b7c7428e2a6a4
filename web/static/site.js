// Completes taxon names while one types. Everything works without it: the form then leads to a list of matches.
"use strict";

(() => {
  const input = document.querySelector("input[data-taxa]");
  if (!input) return;
  const WAIT_MS = 120;
  const list = document.createElement("ul");
  list.id = "choices";
  list.className = "choices";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Taxa");
  list.hidden = true;
  input.after(list);
  for (const [name, value] of Object.entries({
    role: "combobox", "aria-autocomplete": "list", "aria-controls": list.id, "aria-expanded": "false",
  })) input.setAttribute(name, value);

  let timer = 0;
  let asked = 0;
  let active = -1;

  const close = () => {
    list.hidden = true;
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };

  const choose = (at) => {
    const options = [...list.children];
    active = options.length ? (at + options.length) % options.length : -1;
    options.forEach((option, i) => option.setAttribute("aria-selected", String(i === active)));
    if (active < 0) return;
    input.setAttribute("aria-activedescendant", options[active].id);
    options[active].scrollIntoView({ block: "nearest" });
  };

  const show = (taxa) => {
    list.replaceChildren(...taxa.map((taxon, i) => {
      const option = document.createElement("li");
      option.id = `choice-${i}`;
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      option.dataset.page = `${input.dataset.page}/${taxon.taxon_id}`;
      const name = document.createElement("span");
      name.textContent = taxon.name;
      if (["genus", "species", "subspecies", "hybrid"].includes(taxon.rank)) name.className = "italic";
      const rest = document.createElement("span");
      rest.className = "quiet";
      rest.textContent = ` ${taxon.rank}${taxon.parent ? `, in ${taxon.parent}` : ""}`;
      option.append(name, rest);
      return option;
    }));
    active = -1;
    list.hidden = taxa.length === 0;
    input.setAttribute("aria-expanded", String(taxa.length > 0));
  };

  const ask = async () => {
    const text = input.value.trim();
    const mine = ++asked;
    if (text.length < 2) return close();
    try {
      const answer = await fetch(`${input.dataset.taxa}?q=${encodeURIComponent(text)}`);
      if (!answer.ok) return;
      const { taxa } = await answer.json();
      // A slow answer to what was typed earlier must not replace a newer one.
      if (mine === asked && document.activeElement === input) show(taxa);
    } catch {
      close();
    }
  };

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT_MS);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (list.hidden) return;
      event.preventDefault();
      choose(event.key === "ArrowDown" ? active + 1 : Math.max(active, 0) - 1);
    } else if (event.key === "Enter" && active >= 0) {
      event.preventDefault();
      location.assign(list.children[active].dataset.page);
    } else if (event.key === "Escape" && !list.hidden) {
      // The first Escape closes the list; only the next one empties the field, as browsers do.
      event.preventDefault();
      close();
    }
  });
  // Before the input loses the focus, which closes the list.
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const option = event.target.closest("li");
    if (option) location.assign(option.dataset.page);
  });
  input.addEventListener("blur", () => {
    asked += 1;
    close();
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      input.focus();
      input.select();
    }
  });
})();
