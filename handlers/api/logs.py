"""The operations of the tag Logs, in the document's order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from generated import models as contract
from generated.routes import Answer

from ..access.callers import Caller
from ..jobs.journal import Entry, Journal
from ..jobs.logbook import Filter, Logbook, Stats, Stretch

LATELY = "24h"
"""The period of sums that name none."""


class Logs:
    def __init__(self, book: Logbook, journal: Journal) -> None:
        self._book = book
        self._journal = journal

    async def log_list(
        self,
        caller: Caller,
        kind: Literal["request", "job"] | None = None,
        objects: list[str] | None = None,
        status: list[Literal["success", "error", "processing"]] | None = None,
        error_codes: list[str] | None = None,
        providers: list[str] | None = None,
        models: list[str] | None = None,
        selected_key_ids: list[str] | None = None,
        virtual_key_ids: list[str] | None = None,
        video_id: str | None = None,
        request_id: str | None = None,
        content_search: str | None = None,
        min_latency: float | None = None,
        max_latency: float | None = None,
        min_cost: float | None = None,
        max_cost: float | None = None,
        missing_cost_only: bool = False,
        period: Literal["1h", "24h", "7d", "30d"] | None = None,
        start_time: str | None = None,
        end_time: str | None = None,
        after: str | None = None,
        offset: int = 0,
        limit: int = 50,
        sort_by: Literal["timestamp", "latency", "cost"] = "timestamp",
        order: Literal["asc", "desc"] = "desc",
    ) -> Answer[contract.LogListResponse]:
        wanted = Filter(
            kind,
            objects,
            status,
            error_codes,
            providers,
            models,
            selected_key_ids,
            virtual_key_ids,
            video_id,
            request_id,
            content_search,
            min_latency,
            max_latency,
            min_cost,
            max_cost,
            missing_cost_only,
            self._book.window(period, start_time, end_time),
        )
        entries, has_more = await self._book.page(
            caller.sees, wanted, sort_by=sort_by, order=order, after=after, offset=offset, limit=limit
        )
        ends: dict[str, Any] = {"first_id": entries[0].id, "last_id": entries[-1].id} if entries else {}
        pagination = contract.LogPagination(
            limit=limit, offset=offset, sort_by=sort_by, order=order, has_more=has_more, **ends
        )
        return Answer(contract.LogListResponse(logs=[log(entry) for entry in entries], pagination=pagination))

    async def log_delete(self, caller: Caller, body: contract.LogDeleteRequest) -> Answer[contract.LogDeleteResponse]:
        deleted = await self._book.delete([each.root for each in body.ids])
        message = "1 entry was deleted." if deleted == 1 else f"{deleted} entries were deleted."
        return Answer(contract.LogDeleteResponse(message=message, deleted=deleted))

    async def log_retrieve(self, caller: Caller, log_id: str) -> Answer[contract.Log]:
        return Answer(log(await self._book.get(caller.sees, log_id)))

    async def log_stats(
        self,
        caller: Caller,
        kind: Literal["request", "job"] | None = None,
        objects: list[str] | None = None,
        status: list[Literal["success", "error", "processing"]] | None = None,
        error_codes: list[str] | None = None,
        providers: list[str] | None = None,
        models: list[str] | None = None,
        selected_key_ids: list[str] | None = None,
        virtual_key_ids: list[str] | None = None,
        video_id: str | None = None,
        request_id: str | None = None,
        content_search: str | None = None,
        min_latency: float | None = None,
        max_latency: float | None = None,
        min_cost: float | None = None,
        max_cost: float | None = None,
        missing_cost_only: bool = False,
        period: Literal["1h", "24h", "7d", "30d"] | None = None,
        start_time: str | None = None,
        end_time: str | None = None,
        compare_to_previous: bool = False,
    ) -> Answer[contract.LogStatsResponse]:
        wanted = Filter(
            kind,
            objects,
            status,
            error_codes,
            providers,
            models,
            selected_key_ids,
            virtual_key_ids,
            video_id,
            request_id,
            content_search,
            min_latency,
            max_latency,
            min_cost,
            max_cost,
            missing_cost_only,
            self._book.window(period, start_time, end_time, LATELY),
        )
        window = wanted.window
        assert window is not None, "there is a default"
        previous: dict[str, Any] = {}
        if compare_to_previous:
            earlier = replace(wanted, window=window.before)
            previous = {"previous": stats(await self._book.stats(caller.sees, earlier))}
        current = stats(await self._book.stats(caller.sees, wanted))
        return Answer(
            contract.LogStatsResponse(start_time=window.since, end_time=window.until, current=current, **previous)
        )

    async def log_filterdata(
        self,
        caller: Caller,
        period: Literal["1h", "24h", "7d", "30d"] | None = None,
        start_time: str | None = None,
        end_time: str | None = None,
    ) -> Answer[contract.LogFilterdataResponse]:
        window = self._book.window(period, start_time, end_time, LATELY)
        assert window is not None, "there is a default"
        values = await self._book.values(caller.sees, window)
        keys = [
            contract.LogVirtualKey(id=key, **({"name": name} if name is not None else {}))
            for key, name in await self._book.virtual_keys(caller.sees, values["owner"])
        ]
        return Answer(
            contract.LogFilterdataResponse(
                providers=values["provider"],
                models=values["model"],
                selected_keys=values["key"],
                virtual_keys=keys,
                objects=values["object"],
                error_codes=values["error_code"],
            )
        )

    async def log_histogram(
        self,
        caller: Caller,
        kind: Literal["request", "job"] | None = None,
        objects: list[str] | None = None,
        status: list[Literal["success", "error", "processing"]] | None = None,
        error_codes: list[str] | None = None,
        providers: list[str] | None = None,
        models: list[str] | None = None,
        selected_key_ids: list[str] | None = None,
        virtual_key_ids: list[str] | None = None,
        video_id: str | None = None,
        request_id: str | None = None,
        content_search: str | None = None,
        min_latency: float | None = None,
        max_latency: float | None = None,
        min_cost: float | None = None,
        max_cost: float | None = None,
        missing_cost_only: bool = False,
        period: Literal["1h", "24h", "7d", "30d"] | None = None,
        start_time: str | None = None,
        end_time: str | None = None,
        group_by: Literal["provider", "model"] | None = None,
    ) -> Answer[contract.LogHistogramResponse]:
        wanted = Filter(
            kind,
            objects,
            status,
            error_codes,
            providers,
            models,
            selected_key_ids,
            virtual_key_ids,
            video_id,
            request_id,
            content_search,
            min_latency,
            max_latency,
            min_cost,
            max_cost,
            missing_cost_only,
            self._book.window(period, start_time, end_time, LATELY),
        )
        step, stretches = await self._book.histogram(caller.sees, wanted, group_by)
        buckets = [bucket(stretch, grouped=group_by is not None) for stretch in stretches]
        return Answer(contract.LogHistogramResponse(bucket_seconds=step, buckets=buckets))

    async def log_cost_histogram(
        self,
        caller: Caller,
        kind: Literal["request", "job"] | None = None,
        objects: list[str] | None = None,
        status: list[Literal["success", "error", "processing"]] | None = None,
        error_codes: list[str] | None = None,
        providers: list[str] | None = None,
        models: list[str] | None = None,
        selected_key_ids: list[str] | None = None,
        virtual_key_ids: list[str] | None = None,
        video_id: str | None = None,
        request_id: str | None = None,
        content_search: str | None = None,
        min_latency: float | None = None,
        max_latency: float | None = None,
        min_cost: float | None = None,
        max_cost: float | None = None,
        missing_cost_only: bool = False,
        period: Literal["1h", "24h", "7d", "30d"] | None = None,
        start_time: str | None = None,
        end_time: str | None = None,
        group_by: Literal["provider", "model"] | None = None,
    ) -> Answer[contract.LogCostHistogramResponse]:
        wanted = Filter(
            kind,
            objects,
            status,
            error_codes,
            providers,
            models,
            selected_key_ids,
            virtual_key_ids,
            video_id,
            request_id,
            content_search,
            min_latency,
            max_latency,
            min_cost,
            max_cost,
            missing_cost_only,
            self._book.window(period, start_time, end_time, LATELY),
        )
        step, stretches = await self._book.histogram(caller.sees, wanted, group_by)
        buckets = [cost_bucket(stretch, grouped=group_by is not None) for stretch in stretches]
        return Answer(contract.LogCostHistogramResponse(bucket_seconds=step, buckets=buckets))

    async def log_dropped(self, caller: Caller) -> Answer[contract.LogDroppedResponse]:
        return Answer(contract.LogDroppedResponse(dropped=self._journal.dropped, waiting=self._journal.waiting))


def log(entry: Entry) -> contract.Log:
    """A row of `logs` -> the contract's entry. What is not known is left out."""
    known: dict[str, Any] = {
        "object": entry.object,
        "status_code": entry.status_code,
        "error_code": entry.error_code,
        "error": entry.error,
        "owner": entry.owner,
        "virtual_key_id": entry.virtual_key_id,
        "virtual_key_name": entry.virtual_key_name,
        "team_id": entry.team_id,
        "customer_id": entry.customer_id,
        "provider": entry.provider,
        "model": entry.model,
        "selected_key": entry.key,
        "video_id": entry.video_id,
        "request_id": entry.request_id,
        "upstream_latency": entry.upstream_latency_ms,
        "attempts": [contract.Attempt(**each) for each in entry.attempts] if entry.attempts is not None else None,
        "cost": float(entry.cost_usd) if entry.cost_usd is not None else None,
        "seconds": entry.seconds,
        "content": entry.content,
        "dimensions": dict(entry.dims) if entry.dims is not None else None,
    }
    return contract.Log(
        id=entry.id,
        timestamp=entry.at,
        kind=contract.LogKind(entry.kind),
        status=contract.LogStatus(entry.status),
        latency=entry.latency_ms,
        **{name: value for name, value in known.items() if value is not None},
    )


def stats(sums: Stats) -> contract.LogStats:
    """Sums of the logbook -> those of the contract."""
    median, most = sums.percentiles_ms or (None, None)
    known = {
        "success_rate": 1 - sums.refused / sums.requests if sums.requests else None,
        "average_latency": sums.average_ms,
        "latency_p50": median,
        "latency_p95": most,
    }
    took: dict[str, Any] = {"average_latency": sums.job_ms} if sums.job_ms is not None else {}
    return contract.LogStats(
        total_requests=sums.requests,
        total_cost=sums.cost_usd,
        jobs=contract.LogJobStats(
            completed=sums.completed,
            failed=sums.failed,
            cancelled=sums.cancelled,
            without_cost=sums.without_cost,
            **took,
        ),
        **{name: value for name, value in known.items() if value is not None},
    )


def bucket(stretch: Stretch, *, grouped: bool) -> contract.LogBucket:
    counts: dict[str, Any] = {**stretch.status, **({"by": dict(stretch.count_by)} if grouped else {})}
    return contract.LogBucket(timestamp=stretch.begins, count=sum(stretch.status.values()), **counts)


def cost_bucket(stretch: Stretch, *, grouped: bool) -> contract.LogCostBucket:
    by: dict[str, Any] = {"by": dict(stretch.cost_by)} if grouped else {}
    return contract.LogCostBucket(timestamp=stretch.begins, total_cost=stretch.cost_usd, **by)
