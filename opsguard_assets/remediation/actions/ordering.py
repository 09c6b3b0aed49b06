"""Ordering a vendor's job. Not here: the request (`adapters_io`), scores of vendors (`opsguard_assets.vendors`)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import polars as pl
from sqlalchemy import Connection

from opsguard_assets.remediation.actions.action import Change, Plan, Result, Situation, StepState, World
from opsguard_assets.remediation.actions.calling import about_of
from opsguard_assets.remediation.actions.effects import WORK_ORDERS, WaitsForItsEffect, plan_effect, waiting_for
from opsguard_assets.remediation.actions.texts import filled
from opsguard_assets.remediation.playbook.steps import CreateWorkOrder
from opsguard_assets.tables.registry import VENDORS
from opsguard_assets.tables.registry import WORK_ORDERS as ORDERS
from opsguard_assets.vendors.scores.io import last_scores


class CreateWorkOrderAction(WaitsForItsEffect):
    """The action `create_work_order`."""

    def plan(self, world: World, step: CreateWorkOrder, situation: Situation) -> Plan:
        """What it would order of whom."""
        if world.settings.remediation.work_orders is None:
            words = "no job can be ordered: `remediation.work_orders` says where, and is not set"
            return Plan(words=words, is_possible=False)
        vendor = step.vendor or _best(world, step.category, situation.alert.get("site_id"), situation.now)
        known = world.lake.known(VENDORS, situation.now).filter(pl.col("vendor_id") == vendor).collect()
        if vendor is None or known.is_empty():
            none = f"there is no vendor {vendor}" if vendor else f"no vendor does {step.category} here"
            return Plan(words=none, is_possible=False)
        title, due_at = filled(step.title, situation), situation.now + timedelta(hours=step.due_hours)
        data = {
            **about_of(situation),
            "reference": f"opsguard-{situation.execution_id}-{situation.phase}-{situation.number + 1}",
            "title": title,
            "vendor_id": vendor,
            "category": step.category,
            "site_id": situation.alert.get("site_id"),
            "priority": situation.alert["severity"],
            "due_hours": step.due_hours,
        }
        return Plan(
            words=f"order of {vendor}, due in {step.due_hours:g} hours: {title}",
            changes=[Change(f"vendor {vendor}", "order", None, f"{title} (due in {step.due_hours:g} hours)")],
            prepared=(data, due_at),
        )

    def act(self, connection: Connection, step: CreateWorkOrder, situation: Situation, plan: Plan) -> Result:  # noqa: ARG002
        """Plans the order, and waits for the answer."""
        if not plan.is_possible:
            return Result(state=StepState.FAILED, words=plan.words)
        data, due_at = plan.prepared
        payload = {"type": "opsguard.work_order", "data": {**data, "due_at": due_at.isoformat()}}
        effect = plan_effect(connection, situation, WORK_ORDERS, payload)
        output = {"reference": data["reference"], "vendor_id": data["vendor_id"]}
        return waiting_for(effect, plan.words, output, plan.changes)

    def undo(
        self,
        connection: Connection,
        step: CreateWorkOrder,  # noqa: ARG002 - what was done says it all
        situation: Situation,
        output: Mapping[str, Any],
    ) -> Result:
        """The order is cancelled; whether it still can be is said by who has it."""
        data = {**about_of(situation), **{name: output[name] for name in ("reference", "vendor_id")}}
        effect = plan_effect(
            connection, situation, WORK_ORDERS, {"type": "opsguard.work_order_cancelled", "data": data}
        )
        changes = (Change(f"vendor {output['vendor_id']}", "order", output["reference"], "cancelled"),)
        words = f"order {output['reference']} of {output['vendor_id']} is cancelled"
        return waiting_for(effect, words, {}, changes)


def _best(world: World, category: str, site_id: str | None, now: datetime) -> str | None:
    """The best-scored vendor that did such jobs at the site; else one that did such jobs; else one of that trade."""
    wanted = category.strip().lower()
    orders = world.lake.known(ORDERS, now).filter(pl.col("category").str.to_lowercase() == wanted)
    served = orders.group_by("vendor_id").agg(here=(pl.col("site_id") == site_id).any()).collect()
    trade = (pl.col("trade").str.to_lowercase() == wanted).fill_null(value=False)
    scores = last_scores(world.lake, now).select("vendor_id", "score").unique("vendor_id")
    ranked = (
        world.lake.known(VENDORS, now)
        .collect()
        .join(served, on="vendor_id", how="left")
        .join(scores, on="vendor_id", how="left")
        .with_columns(did=pl.col("here").is_not_null(), here=pl.col("here").fill_null(value=False))
        .filter(pl.col("did") | trade)
        .sort("here", "did", "score", "vendor_id", descending=[True, True, True, False], nulls_last=True)
    )
    return None if ranked.is_empty() else str(ranked["vendor_id"][0])
