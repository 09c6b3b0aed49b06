"""A playbook rises by what people and results say of it, and falls before it does much harm."""

import numpy as np
import polars as pl
import pytest

from opsguard_assets.config.remediation import Ladder
from opsguard_assets.remediation.autonomy.ladder import RUN, STANDING, moves
from opsguard_assets.remediation.playbook.model import MODES

SHADOW, APPROVAL, ALONE = MODES


def standing(mode=SHADOW, **more):
    row = {"playbook": "own", "mode": mode, "highest": ALONE, "is_held": False, "is_new_text": False, **more}
    return pl.DataFrame([row], schema=STANDING)


def run(agreed=None, succeeded=None, *, harm=False, old=False):
    return {"playbook": "own", "execution_id": 1, "is_of_mode": not old, "agreed": agreed, "succeeded": succeeded,
            "was_harm": harm}  # fmt: skip


def moved(standing_now, runs, **ladder):
    """The new mode, and why."""
    found = moves(standing_now, pl.DataFrame(list(runs), schema=RUN), Ladder(**ladder))
    return found["to_mode"].item(), found["reason"].item()


def test_it_rises_from_shadow_when_enough_people_agreed():
    assert moved(standing(), [run(agreed=True)] * 20) == (APPROVAL, "people agreed with 20 of 20")
    mode, why = moved(standing(), [run(agreed=True)] * 19)
    assert (mode, why) == (SHADOW, "people judged 19 of the 20 executions that it needs")
    mode, why = moved(standing(), [run(agreed=True)] * 15 + [run(agreed=False)] * 5)
    assert mode == SHADOW
    assert why == "people agreed with 15 of 20: surely 57 %, 70 % needed"
    assert moved(standing(), [run()] * 50)[0] == SHADOW


def test_it_acts_alone_only_where_it_also_succeeded():
    good = run(agreed=True, succeeded=True)
    assert moved(standing(APPROVAL), [good] * 20) == (ALONE, "people agreed with 20 of 20, 20 of 20 succeeded")
    assert moved(standing(APPROVAL), [run(agreed=True)] * 20)[0] == APPROVAL
    mixed = [good] * 14 + [run(agreed=True, succeeded=False)] * 6
    assert moved(standing(APPROVAL), mixed) == (APPROVAL, "14 of 20 succeeded: surely 52 %, 60 % needed")


def test_what_was_said_in_an_earlier_mode_does_not_count_for_the_next():
    assert moved(standing(APPROVAL), [run(agreed=True, succeeded=True, old=True)] * 40)[0] == APPROVAL


def test_its_text_and_the_settings_bound_it():
    mode, why = moved(standing(APPROVAL, highest=APPROVAL), [run(agreed=True, succeeded=True)] * 30)
    assert (mode, why) == (APPROVAL, "it has the greatest mode that its text and the settings allow")
    assert moved(standing(ALONE, highest=SHADOW), [])[0] == SHADOW


def test_it_falls_to_shadow_at_once_when_people_undid_it_too_often_whatever_else_it_did():
    good = [run(agreed=True, succeeded=True)] * 100
    harms = [run(agreed=False, succeeded=True, harm=True, old=True)] * 3
    assert moved(standing(ALONE), good + harms[:2])[0] == ALONE
    mode, why = moved(standing(ALONE), good + harms)
    assert (mode, why) == (SHADOW, "people undid it or called it wrong 3 times since it left shadow")


@pytest.mark.parametrize(("mode", "below"), [(ALONE, APPROVAL), (APPROVAL, SHADOW)])
def test_it_falls_by_one_mode_when_it_surely_fails_or_people_surely_disagree(mode, below):
    assert moved(standing(mode), [run(succeeded=False)] * 3) == (below, "0 of 3 executions succeeded")
    assert moved(standing(mode), [run(agreed=False)] * 3) == (below, "people agreed with 0 of 3")
    assert moved(standing(mode), [run(succeeded=False)])[0] == mode


def test_what_fell_does_not_rise_again_with_the_same_text_and_a_new_text_begins_in_shadow():
    good = [run(agreed=True, succeeded=True)] * 50
    mode, why = moved(standing(is_held=True), good)
    assert (mode, why) == (SHADOW, "it fell with this text; a new text or a person lets it rise")
    assert moved(standing(ALONE, is_new_text=True), good)[0] == SHADOW
    assert moves(standing(ALONE, is_new_text=True), pl.DataFrame(schema=RUN), Ladder())["holds"].item() is False


def test_several_playbooks_are_judged_each_by_itself():
    both = pl.concat([standing(), standing().with_columns(playbook=pl.lit("other"))])
    found = moves(both, pl.DataFrame([run(agreed=True)] * 20, schema=RUN), Ladder())
    assert found.select("playbook", "to_mode").rows() == [("other", SHADOW), ("own", APPROVAL)]


# A playbook that looks good in shadow (people also did something) and does harm when it acts.
SHADOW_AGREES, APPROVED = 0.95, 0.97
YES, NO, SILENT = 1, 0, -1


class Lives:
    """Playbooks that live side by side under the ladder, one execution of each per round."""

    def __init__(self, playbooks, seed, harm):
        self.luck, self.harm = np.random.default_rng(seed), harm
        self.mode = np.full(playbooks, SHADOW, dtype=object)
        self.is_held = np.zeros(playbooks, dtype=bool)
        self.since, self.left_shadow = np.zeros(playbooks, dtype=int), np.zeros(playbooks, dtype=int)
        self.agreed, self.succeeded, self.harms, self.modes = [], [], [], []

    def frames(self):
        """What is known: a harm becomes known one execution later."""
        count, rounds = len(self.mode), len(self.agreed)
        names = [f"{number:03d}" for number in range(count)]
        standing_now = (
            pl.DataFrame(
                {"playbook": names, "mode": self.mode.tolist(), "is_held": self.is_held},
            )
            .with_columns(highest=pl.lit(ALONE), is_new_text=pl.lit(value=False))
            .select(STANDING.names())
        )
        if not rounds:
            return standing_now, pl.DataFrame(schema=RUN)
        known = np.arange(rounds)[:, None] < rounds - 1
        harmed = np.stack(self.harms) & known
        agreed = np.where(harmed, NO, np.stack(self.agreed))
        at, whose = np.indices(harmed.shape)
        runs = pl.DataFrame(
            {
                "playbook": np.array(names)[whose.ravel()], "execution_id": at.ravel(),
                "is_of_mode": (at >= self.since).ravel(), "agreed": agreed.ravel(),
                "succeeded": np.stack(self.succeeded).ravel(), "was_harm": harmed.ravel(),
                "counts": (at >= np.where(self.mode == SHADOW, self.since, self.left_shadow)).ravel(),
            }
        )  # fmt: skip
        said = [
            pl.when(pl.col(name) != SILENT).then(pl.col(name) == YES).alias(name) for name in ("agreed", "succeeded")
        ]
        return standing_now, runs.filter("counts").with_columns(said).select(RUN.names())

    def pass_round(self):
        found = moves(*self.frames(), Ladder())
        to, rounds = found["to_mode"].to_numpy(), len(self.agreed)
        moved_now = to != self.mode
        self.left_shadow[moved_now & (self.mode == SHADOW)] = rounds
        self.since[moved_now] = rounds
        self.is_held |= found["holds"].to_numpy()
        self.mode = to.astype(object)
        is_shadow, is_asked = self.mode == SHADOW, self.mode == APPROVAL
        draws = self.luck.random((3, len(to)))
        acts = ~is_shadow & (~is_asked | (draws[1] < APPROVED))
        asked = np.where(acts, YES, NO)
        self.agreed.append(np.where(is_shadow, draws[0] < SHADOW_AGREES, np.where(is_asked, asked, SILENT)).astype(int))
        self.succeeded.append(np.where(acts, YES, SILENT))
        self.harms.append(acts & (draws[2] < self.harm))
        self.modes.append(self.mode)


def lived(playbooks, rounds, *, seed, harm):
    """Modes (round, playbook) and how often each did harm."""
    world = Lives(playbooks, seed, harm)
    for _ in range(rounds):
        world.pass_round()
    return np.stack(world.modes), np.stack(world.harms).sum(axis=0)


@pytest.mark.parametrize("harm", [0.1, 0.5, 1.0])
def test_a_bad_playbook_that_looks_good_in_shadow_is_demoted_before_it_harms_five_times(harm):
    """Each of 100: people notice a harm when the execution after the next one is about to begin."""
    modes, harms = lived(100, 110, seed=1, harm=harm)
    assert (modes != SHADOW).any(axis=0).mean() > 0.9, "it looked good, so it was let act"
    assert harms.max() < 5
    caught = harms >= 4
    assert (modes[-1, caught] == SHADOW).all()
    if harm == 1.0:
        assert (harms >= 3).mean() > 0.9
        assert (modes[-1] == SHADOW).all(), "it does not climb back"


def test_a_good_playbook_acts_alone_in_time_and_stays_there():
    modes, harms = lived(50, 80, seed=2, harm=0.0)
    assert harms.max() == 0
    assert (modes[-1] == ALONE).mean() > 0.9
    assert not ((modes[:-1] == ALONE) & (modes[1:] != ALONE)).any()
