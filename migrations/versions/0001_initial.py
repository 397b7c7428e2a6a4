"""The first tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None

# Written out here and not imported from the models, which will move on.
BIG = sa.BigInteger()
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text()
JSON = sa.JSON().with_variant(JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)
FALSE = sa.text("false")
TRUE = sa.text("true")

TABLES_CHILDREN_FIRST = (
    "run_steps",
    "runs",
    "watches",
    "review_marks",
    "leases",
    "decisions",
    "suggestions",
    "tokens",
    "users",
    "photo_roots",
    "identifications",
    "photos",
    "observations",
    "observers",
    "taxa",
    "change_counter",
)


def upgrade() -> None:
    _counter()
    _source_tables()
    _account_tables()
    _work_tables()
    _run_tables()


def downgrade() -> None:
    for table in TABLES_CHILDREN_FIRST:
        op.drop_table(table)


def _counter() -> None:
    counter = op.create_table(
        "change_counter",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("value", BIG, nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_change_counter_single_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_counter")),
    )
    op.bulk_insert(counter, [{"id": 1, "value": 0}])


def _source_tables() -> None:
    op.create_table(
        "taxa",
        sa.Column("taxon_id", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("ancestry", TEXT, nullable=False),
        sa.Column("rank", TEXT, nullable=False),
        sa.Column("rank_level", sa.Double(), nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("successors", TEXT),
        sa.Column("change_seq", BIG, nullable=False),
        sa.PrimaryKeyConstraint("taxon_id", name=op.f("pk_taxa")),
    )
    op.create_table(
        "observers",
        sa.Column("observer_id", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("login", TEXT, nullable=False),
        sa.Column("name", TEXT),
        sa.Column("change_seq", BIG, nullable=False),
        sa.PrimaryKeyConstraint("observer_id", name=op.f("pk_observers")),
    )
    op.create_table(
        "observations",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("platform_id", BIG),
        sa.Column("observer_id", BIG, nullable=False),
        sa.Column("taxon_id", BIG),
        sa.Column("quality_grade", sa.String(length=16), nullable=False),
        sa.Column("captive", sa.Boolean()),
        sa.Column("latitude", sa.Double()),
        sa.Column("longitude", sa.Double()),
        sa.Column("positional_accuracy_m", sa.Integer()),
        sa.Column("obscured", sa.Boolean()),
        sa.Column("observed_on", sa.Date()),
        sa.Column("created_at", MOMENT),
        sa.Column("identifications_complete", sa.Boolean(), server_default=FALSE, nullable=False),
        sa.Column("deleted", sa.Boolean(), server_default=FALSE, nullable=False),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("change_seq", BIG, nullable=False),
        _one_of("ck_observations_quality_grade", "quality_grade", "casual", "needs_id", "research"),
        sa.CheckConstraint("latitude BETWEEN -90 AND 90", name=op.f("ck_observations_latitude")),
        sa.CheckConstraint("longitude BETWEEN -180 AND 180", name=op.f("ck_observations_longitude")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_observations")),
        sa.UniqueConstraint("uuid", name=op.f("uq_observations_uuid")),
    )
    op.create_index("ix_observations_change_seq", "observations", ["change_seq"])
    op.create_index(
        "uq_observations_platform_id",
        "observations",
        ["platform_id"],
        unique=True,
        sqlite_where=sa.text("platform_id IS NOT NULL"),
        postgresql_where=sa.text("platform_id IS NOT NULL"),
    )
    op.create_table(
        "photos",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("photo_id", BIG, nullable=False),
        sa.Column("observation_id", BIG_ID, nullable=False),
        sa.Column("uuid", sa.String(length=36)),
        sa.Column("extension", sa.String(length=8), nullable=False),
        sa.Column("license", TEXT),
        sa.Column("width", sa.Integer()),
        sa.Column("height", sa.Integer()),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("problem", sa.String(length=16)),
        sa.Column("problem_detail", TEXT),
        sa.Column("deleted", sa.Boolean(), server_default=FALSE, nullable=False),
        sa.Column("change_seq", BIG, nullable=False),
        _one_of("ck_photos_problem", "problem", "missing", "unreadable", "unreachable"),
        sa.ForeignKeyConstraint(
            ["observation_id"], ["observations.id"], name=op.f("fk_photos_observation_id_observations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_photos")),
        sa.UniqueConstraint("photo_id", "observation_id", name=op.f("uq_photos_photo_id_observation_id")),
    )
    op.create_index("ix_photos_change_seq", "photos", ["change_seq"])
    op.create_index("ix_photos_observation_id", "photos", ["observation_id"])
    op.create_table(
        "identifications",
        sa.Column("identification_id", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("observation_id", BIG_ID, nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("taxon_id", BIG, nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("hidden", sa.Boolean(), server_default=FALSE, nullable=False),
        sa.Column("category", sa.String(length=16)),
        sa.Column("disagreement", sa.Boolean()),
        sa.Column("previous_taxon_id", BIG),
        sa.Column("created_at", MOMENT),
        sa.Column("vision", sa.Boolean()),
        sa.Column("change_seq", BIG, nullable=False),
        _one_of("ck_identifications_category", "category", "improving", "supporting", "leading", "maverick"),
        sa.ForeignKeyConstraint(
            ["observation_id"], ["observations.id"], name=op.f("fk_identifications_observation_id_observations")
        ),
        sa.PrimaryKeyConstraint("identification_id", name=op.f("pk_identifications")),
    )
    op.create_index("ix_identifications_change_seq", "identifications", ["change_seq"])
    op.create_index("ix_identifications_observation_id", "identifications", ["observation_id"])
    op.create_table(
        "photo_roots",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("path", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_photo_roots")),
        sa.UniqueConstraint("path", name=op.f("uq_photo_roots_path")),
    )


def _account_tables() -> None:
    op.create_table(
        "users",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("login", sa.String(length=128), nullable=False),
        sa.Column("name", TEXT),
        sa.Column("role", sa.String(length=16), server_default="identifier", nullable=False),
        sa.Column("platform_user_id", BIG),
        sa.Column("active", sa.Boolean(), server_default=TRUE, nullable=False),
        sa.Column("preferences", JSON, server_default="{}", nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        _one_of("ck_users_role", "role", "identifier", "operator"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("login", name=op.f("uq_users_login")),
        sa.UniqueConstraint("platform_user_id", name=op.f("uq_users_platform_user_id")),
    )
    op.create_table(
        "tokens",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT),
        sa.Column("revoked_at", MOMENT),
        sa.Column("last_used_at", MOMENT),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_tokens_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("digest", name=op.f("uq_tokens_digest")),
    )
    op.create_index("ix_tokens_user_id", "tokens", ["user_id"])


def _work_tables() -> None:
    op.create_table(
        "suggestions",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("observation_id", BIG_ID, nullable=False),
        sa.Column("generation", sa.String(length=64), nullable=False),
        sa.Column("head", sa.String(length=64), nullable=False),
        sa.Column("policy", sa.String(length=64), nullable=False),
        sa.Column("taxon_id", BIG),
        sa.Column("rank", sa.String(length=32)),
        sa.Column("probability", sa.Double()),
        sa.Column("exemplar_photo_ids", JSON, server_default="[]", nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=32)),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("change_seq", BIG, nullable=False),
        _one_of(
            "ck_suggestions_reason",
            "reason",
            "no_photo",
            "unreadable",
            "no_organism",
            "several_subjects",
            "human",
            "hybrid",
            "novel",
            "contradicts_identification",
            "not_recorded_nearby",
            "low_confidence",
            "uncertified",
        ),
        _one_of(
            "ck_suggestions_state", "state", "open", "confirmed", "refused", "corrected", "superseded", "abstained"
        ),
        sa.CheckConstraint("probability BETWEEN 0 AND 1", name=op.f("ck_suggestions_probability")),
        sa.ForeignKeyConstraint(
            ["observation_id"], ["observations.id"], name=op.f("fk_suggestions_observation_id_observations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suggestions")),
        sa.UniqueConstraint("observation_id", "generation", name=op.f("uq_suggestions_observation_id_generation")),
    )
    op.create_index("ix_suggestions_change_seq", "suggestions", ["change_seq"])
    op.create_table(
        "decisions",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.Column("observation_id", BIG_ID, nullable=False),
        sa.Column("suggestion_id", BIG_ID),
        sa.Column("undoes_id", BIG_ID),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("taxon_id", BIG),
        sa.Column("given_taxon_id", BIG),
        sa.Column("generation", sa.String(length=64)),
        sa.Column("head", sa.String(length=64)),
        sa.Column("policy", sa.String(length=64)),
        sa.Column("probability", sa.Double()),
        sa.Column("batch", sa.String(length=36)),
        sa.Column("note", TEXT),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("change_seq", BIG, nullable=False),
        sa.CheckConstraint("(action = 'undone') = (undoes_id IS NOT NULL)", name=op.f("ck_decisions_undoes")),
        _one_of("ck_decisions_action", "action", "confirmed", "refused", "corrected", "undone"),
        sa.ForeignKeyConstraint(
            ["observation_id"], ["observations.id"], name=op.f("fk_decisions_observation_id_observations")
        ),
        sa.ForeignKeyConstraint(
            ["suggestion_id"], ["suggestions.id"], name=op.f("fk_decisions_suggestion_id_suggestions")
        ),
        sa.ForeignKeyConstraint(["undoes_id"], ["decisions.id"], name=op.f("fk_decisions_undoes_id_decisions")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_decisions_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
        sa.UniqueConstraint("undoes_id", name=op.f("uq_decisions_undoes_id")),
    )
    op.create_index("ix_decisions_batch", "decisions", ["batch"])
    op.create_index("ix_decisions_change_seq", "decisions", ["change_seq"])
    op.create_index("ix_decisions_observation_id", "decisions", ["observation_id"])
    op.create_index("ix_decisions_user_id_created_at", "decisions", ["user_id", "created_at"])
    op.create_table(
        "leases",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("observation_id", BIG_ID, nullable=False),
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.Column("generation", sa.String(length=64), nullable=False),
        sa.Column("leased_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["observation_id"], ["observations.id"], name=op.f("fk_leases_observation_id_observations")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_leases_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leases")),
        sa.UniqueConstraint("observation_id", name=op.f("uq_leases_observation_id")),
    )
    op.create_index("ix_leases_expires_at", "leases", ["expires_at"])
    op.create_index("ix_leases_user_id", "leases", ["user_id"])
    op.create_table(
        "review_marks",
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.Column("observation_id", BIG_ID, nullable=False),
        sa.Column("generation", sa.String(length=64)),
        sa.Column("withdrawn", sa.Boolean(), server_default=FALSE, nullable=False),
        sa.Column("reviewed_at", MOMENT, nullable=False),
        sa.Column("change_seq", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["observation_id"], ["observations.id"], name=op.f("fk_review_marks_observation_id_observations")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_review_marks_user_id_users")),
        sa.PrimaryKeyConstraint("user_id", "observation_id", name=op.f("pk_review_marks")),
    )
    op.create_index("ix_review_marks_change_seq", "review_marks", ["change_seq"])
    op.create_index("ix_review_marks_observation_id", "review_marks", ["observation_id"])
    op.create_table(
        "watches",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.Column("taxon_id", BIG, nullable=False),
        sa.Column("filters", JSON, server_default="{}", nullable=False),
        sa.Column("min_probability", sa.Double()),
        sa.Column("last_generation", sa.String(length=64)),
        sa.Column("new_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("active", sa.Boolean(), server_default=TRUE, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_watches_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watches")),
    )
    op.create_index("ix_watches_user_id", "watches", ["user_id"])


def _run_tables() -> None:
    op.create_table(
        "runs",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT),
        sa.Column("generation", sa.String(length=64)),
        sa.Column("message", TEXT),
        _one_of("ck_runs_state", "state", "running", "succeeded", "failed"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
    )
    op.create_index("ix_runs_kind_started_at", "runs", ["kind", "started_at"])
    op.create_table(
        "run_steps",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("run_id", BIG_ID, nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT),
        sa.Column("seconds", sa.Double()),
        sa.Column("counts", JSON, server_default="{}", nullable=False),
        sa.Column("message", TEXT),
        _one_of("ck_run_steps_state", "state", "running", "succeeded", "failed", "skipped"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_run_steps_run_id_runs")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run_steps")),
        sa.UniqueConstraint("run_id", "name", name=op.f("uq_run_steps_run_id_name")),
    )


def _one_of(name: str, column: str, *words: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(" OR ".join(f"{column} = '{word}'" for word in words), name=op.f(name))
