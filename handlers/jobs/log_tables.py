"""The table of the logs, a partition for each day: see journal.py, which writes it, and logbook.py, which reads it.

Beside `tables.py`, whose `metadata` it shares. An id says when it was made, so a range of ids is a range of time: rows are
partitioned, sorted and found by it. `days.py` makes the partitions, and drops them.
"""

from __future__ import annotations

from sqlalchemy import JSON, CheckConstraint, Column, DateTime, Float, Index, Integer, Numeric, Table, Text, text

from .tables import BYTEWISE, metadata

logs = Table(
    "logs",
    metadata,
    Column(
        "id", Text(collation=BYTEWISE), primary_key=True, comment="log_ + ULID of `at`: a range of ids is one of time"
    ),
    Column("at", DateTime(timezone=True), nullable=False, comment="when the request came, or the job ended"),
    Column("kind", Text, nullable=False, comment="request or job"),
    Column("object", Text, comment="the operation; NULL: the contract has none like it"),
    Column("status", Text, nullable=False, comment="success, error or processing"),
    Column("status_code", Integer, comment="of the answer; NULL: there was none"),
    Column("error_code", Text),
    Column("error", Text, comment="for people"),
    Column("owner", Text, comment="the credential; NULL: none, or none that is known"),
    Column("virtual_key_name", Text),
    Column("team_id", Text),
    Column("customer_id", Text),
    Column("provider", Text),
    Column("model", Text, comment="the provider's own name of the model"),
    Column("key", Text, comment="name of the provider key"),
    Column("video_id", Text, comment="joins the request that made a job with the job"),
    Column("request_id", Text),
    Column(
        "latency_ms", Float, nullable=False, comment="of the request until its last byte, or of the job's whole life"
    ),
    Column("upstream_latency_ms", Float, comment="of it, while the provider was asked to take the job"),
    Column("attempts", JSON),
    Column("cost_usd", Numeric(18, 6), comment="of a job; NULL: it is not known, which is not zero"),
    Column("seconds", Float, comment="of video"),
    Column("content", Text, comment="the prompt; NULL: it is none of the log's business"),
    Column("dims", JSON, comment="{name: value} of the caller's x-bf-dim- headers"),
    CheckConstraint("kind IN ('request', 'job')", name="logs_kind_known"),
    CheckConstraint("status IN ('success', 'error', 'processing')", name="logs_status_known"),
    Index("logs_by_owner", "owner", "id"),
    Index("logs_by_provider", "provider", "id"),
    Index("logs_by_model", "model", "id"),
    Index("logs_by_key", "key", "id"),
    Index("logs_by_object", "object", "id"),
    Index("logs_by_status", "status", "id"),
    Index("logs_by_error_code", "error_code", "id", postgresql_where=text("error_code IS NOT NULL")),
    Index("logs_by_video", "video_id", "id", postgresql_where=text("video_id IS NOT NULL")),
    Index("logs_by_request", "request_id", "id", postgresql_where=text("request_id IS NOT NULL")),
    Index("logs_by_latency", "latency_ms", "id"),
    Index("logs_by_cost", "cost_usd", "id", postgresql_where=text("cost_usd IS NOT NULL")),
    Index("logs_without_cost", "id", postgresql_where=text("kind = 'job' AND cost_usd IS NULL")),
    Index(
        "logs_by_words",
        text("to_tsvector('simple', content)"),
        postgresql_using="gin",
        postgresql_where=text("content IS NOT NULL"),
    ),
    postgresql_partition_by="RANGE (id)",
    comment="who asked for what, and what came of it",
)
