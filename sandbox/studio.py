"""What the emulated providers have in common: memory, a clock, and a place where clips are made."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from starlette.requests import Request

from sandbox import trouble
from sandbox.render import Renderer
from sandbox.scene import PLACEHOLDER, Scene
from sandbox.store import Store, Task
from sandbox.timeline import Standing, standing
from sandbox.wire import Dropped

COUNTS = ("creates_refused", "polls", "downloads", "foreign_access")
"""Counted as they happen; `creates_accepted` and `deletes` are read off the tasks."""


@dataclass(frozen=True)
class Studio:
    """The back of one provider's house."""

    provider: str
    store: Store
    renderer: Renderer
    clock: Callable[[], float]  # Unix seconds
    job_seconds: float  # that a job takes unless told otherwise

    def plan(self, account: str, prompt: str) -> trouble.Plan:
        """The trouble that this create is in for. Raises trouble.UnknownDirective, wire.Dropped."""
        directives = trouble.parse(prompt)
        earlier = 0
        if any(directive.times is not None for directive in directives):
            mark = hashlib.sha256(prompt.encode()).hexdigest()
            earlier = self.store.count(self.provider, account, f"creates of {mark}")
        plan = trouble.plan(directives, earlier)
        if "drop-before" in plan:
            raise Dropped
        return plan

    async def accept(
        self,
        task_id: str,
        account: str,
        request: dict[str, Any],
        plan: trouble.Plan,
        scene: Scene,
        image: bytes | None = None,
    ) -> Task:
        """Remember a new task and begin to render it, if it is soon to be done. `image` is what the clip opens with."""
        if "no-render" in plan:
            scene = PLACEHOLDER
        elif image:
            scene = replace(scene, image=await self.renderer.keep_input(image))
        task = Task(task_id, self.provider, account, self.clock(), self.job_seconds, request, scene, plan)
        self.store.add(task)
        if not plan.keys() & {*trouble.UNFINISHED, "slow"}:
            self.renderer.start(scene)
        return task

    def find(self, account: str, task_id: str) -> Task | None:
        """A live task of this account; to ask for another's is counted."""
        task = self.store.find(self.provider, task_id)
        if task is None or task.deleted_at is not None:
            return None
        if task.account != account:
            self.count(account, "foreign_access")
            return None
        return task

    def page(
        self, account: str, limit: int, after: str | None, newest_first: bool, *, deleted: bool = False
    ) -> list[Task]:
        """Tasks of an account, in the order of their creation; -1 is no limit. Live ones only, unless told otherwise."""
        return self.store.page(self.provider, account, limit, after, newest_first, deleted)

    def delete(self, task: Task) -> None:
        self.store.delete(task, self.clock())

    def standing(self, task: Task) -> Standing:
        return standing(task.created_at, task.duration, task.plan, self.clock())

    def count(self, account: str, name: str) -> None:
        self.store.count(self.provider, account, name)

    def note_refusal(self, request: Request) -> None:
        """Count a create that was not accepted. Every POST is a create, with both providers."""
        if request.method == "POST":
            self.count(getattr(request.state, "account", ""), "creates_refused")
