"""The monthly scorecards as an asset: drafts of a month, what may be sent of them, and two proofs.

Here: a run in Dagster. Not here: building and sending (`build_io`, `sending_io`), when there is a run (`domains`).
"""

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import date

import dagster as dg

from opsguard_assets.config.settings import Settings
from opsguard_assets.metadata import Materialized, check_spec, figures, owners_of, png, preview_rows
from opsguard_assets.moment import Moment
from opsguard_assets.scorecards.signing import build_io, sending_io, snapshots_io, store_io, verify_io
from opsguard_assets.scorecards.signing.build_io import Built
from opsguard_assets.scorecards.signing.house_io import House
from opsguard_assets.scorecards.signing.keys_io import signing_key
from opsguard_assets.scorecards.signing.maker import Maker
from opsguard_assets.scorecards.signing.rules import Kept
from opsguard_assets.scorecards.signing.sending_io import Sent
from opsguard_assets.tables.months import month_after, months_to
from resources.database import Database
from resources.lake import Lake

SCORECARDS_KEY = dg.AssetKey(["scorecards", "scorecards"])
MONTHS = dg.MonthlyPartitionsDefinition(start_date="2015-01-01")
CHAIN, SAME, FORMS = "chain_of_signings_holds", "signed_figures_are_made_again", "forms_agree"
# The table `scorecards` of the database.
_COLUMNS = (
    ("client_id", "text", "the client; empty for the provider's own"),
    ("month", "date", "first day of the month"),
    ("number", "integer", "0; n for the n-th restatement"),
    ("status", "text", "draft, reviewed, signed or sent"),
    ("sent_unsigned", "boolean", "whether it was sent although nobody had signed it"),
    ("figures", "text", "canonical JSON of the card (RFC 8785)"),
    ("digest", "text", "SHA-256 of the figures"),
    ("snapshot_id", "bigint", "of which snapshot of the lake it was made"),
    ("reason", "text", "why it was restated"),
    ("send_note", "text", "whom it could not go to, and why"),
)
MakerOf = Callable[[Lake, Database, Settings], Maker]
_BY = "build_scorecards_job"
# Figures of signed months are made again for so many months before that of the run.
_MONTHS_BACK = 3
# Of forms that disagree so many are named.
_NAMED = 5


def scorecards_asset(settings: Settings, maker_of: MakerOf, deps: Sequence[dg.AssetKey] = ()) -> dg.AssetsDefinition:
    """The asset of scorecards.

    Args:
        settings: Who has to sign, and who reads.
        maker_of: Makes the cards.
        deps: What they are made of.
    """

    @dg.asset(
        key=SCORECARDS_KEY,
        deps=[dg.AssetDep(key, partition_mapping=dg.AllPartitionMapping()) for key in deps],
        partitions_def=MONTHS,
        group_name="scorecards",
        kinds={"postgres"},
        owners=owners_of("scorecards"),
        metadata={"dagster/column_schema": dg.TableSchema([dg.TableColumn(*each) for each in _COLUMNS])},
        description="The scorecards of a month, each client's on its own: drafts that follow the data until somebody "
        "signs them (`opsguard scorecard sign`), given to the delivery as soon as they may be sent.",
        check_specs=[check_spec(name, SCORECARDS_KEY) for name in (CHAIN, SAME, FORMS)],
    )
    def scorecards(
        context: dg.AssetExecutionContext,
        config: Moment,
        lake: dg.ResourceParam[Lake],
        database: dg.ResourceParam[Database],
    ) -> Materialized:
        maker = maker_of(lake, database, settings)
        house = House(lake, database, settings.scorecards, maker, signing_key(os.environ))
        month = date.fromisoformat(context.partition_key)
        done = build_io.build(house, month, as_of=config.instant(), by=_BY)
        sent = sending_io.send(house, settings.delivery, month, by=_BY)
        kept = store_io.kept(database, month=month)
        shown = {**_shown(done, sent, kept), **_preview(maker, kept)}
        if done.errors:
            context.log_event(dg.AssetMaterialization(SCORECARDS_KEY, metadata=shown, partition=context.partition_key))
            failed = "; ".join(f"{client or 'the provider'}: {why}" for client, why in sorted(done.errors.items()))
            raise dg.Failure(
                f"{len(done.errors)} of {len(done.results)} scorecards of {month:%Y-%m} could not be built, the others "
                f"were: {failed}",
                metadata=shown,
                allow_retries=False,
            )
        return dg.MaterializeResult(
            metadata=shown, check_results=[_chain(house), _same(house, month), _agree(house, done, kept)]
        )

    return scorecards


def _shown(done: Built, sent: Sequence[Sent], kept: Sequence[Kept]) -> Mapping[str, dg.MetadataValue]:
    newest = _newest(kept)
    notes = {each.client_id: each for each in sent}
    rows = [
        {
            "client": client or "provider",
            "result": result,
            "status": newest[client].status if client in newest else "",
            "number": newest[client].number if client in newest else None,
            "differs_now": done.late.get(client),
            "messages": notes[client].planned if client in notes else 0,
            "note": done.errors.get(client) or (notes[client].note if client in notes else None),
        }
        for client, result in sorted(done.results.items())
    ]
    counts = {name: list(done.results.values()).count(name) for name in ("built", "unchanged", "frozen", "failed")}
    planned = sum(each.planned for each in sent)
    return {
        **figures({"dagster/row_count": len(rows), **counts, "messages": planned}),
        "scorecards": preview_rows(rows),
    }


def _newest(kept: Sequence[Kept]) -> dict[str, Kept]:
    """The scorecard with the greatest number of each client."""
    return {each.client_id: each for each in sorted(kept, key=lambda each: each.number)}


def _preview(maker: Maker, kept: Sequence[Kept]) -> Mapping[str, dg.MetadataValue]:
    """The first page of the provider's own scorecard, or of the first client's; of the newest number."""
    newest = _newest(kept)
    if not newest:
        return {}
    first = newest[min(newest)]
    return {"preview": png(maker.picture(first.card), f"The first page of the scorecard of {first.month:%Y-%m}")}


def _chain(house: House) -> dg.AssetCheckResult:
    found = verify_io.chain_check(house)
    return dg.AssetCheckResult(check_name=CHAIN, passed=found.passed is True, description=found.words)


def _same(house: House, month: date) -> dg.AssetCheckResult:
    """Signed figures of this month and of those before it, made again of their pinned versions."""
    months = reversed(months_to(month_after(month, -_MONTHS_BACK), month))
    found = [each for one in months for each in verify_io.reproduced(house, one)]
    wrong = [f"{each.name}: {each.words}" for each in found if not each.passed]
    words = "; ".join(wrong) or f"{len(found)} signed scorecards: the same figures"
    return dg.AssetCheckResult(check_name=SAME, passed=not wrong, description=words, metadata={"signed": len(found)})


def _agree(house: House, done: Built, kept: Sequence[Kept]) -> dg.AssetCheckResult:
    """The forms of what this run built, read back and compared with their cards."""
    newest = _newest(kept)
    built = [newest[client] for client, result in sorted(done.results.items()) if result == "built"]
    wrong = []
    for one in built:
        rows = house.maker.rows(snapshots_io.read(house.database, one.snapshot_id), one.client_id)
        wrong += [f"{one.client_id or 'the provider'}: {words}" for words in house.maker.disagreements(one.card, rows)]
    words = "; ".join(wrong[:_NAMED]) or f"{len(built)} scorecards: all forms show the figures of their card"
    return dg.AssetCheckResult(check_name=FORMS, passed=not wrong, description=words, metadata={"built": len(built)})
