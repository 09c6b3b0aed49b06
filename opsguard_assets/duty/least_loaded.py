"""Who of a group is given which item: the least-loaded member, exactly as if items were given out one by one.

Here: the rule, for many items (tickets, incidents) and groups at once. Not here: who is on duty (`desk`), and which
items need somebody.
"""

import polars as pl

_NOBODY = pl.Schema({"item_id": pl.String, "given_to": pl.String, "present": pl.Int64})


def assign(items: pl.DataFrame, on_duty: pl.DataFrame, loads: pl.DataFrame) -> pl.DataFrame:
    """Gives items to people.

    The rule: groups one after the other by their identifier; within a group the items in their order; each goes to
    the member with the fewest items at that point (open ones and those given here), the least identifier among
    equals.

    Within one group that is a merge of sorted sequences: a member with `l` tickets offers places `l`, `l + 1`, … and
    the items take the lowest places in order. Groups that share nobody do not influence each other and are done at
    once; only those that do come one after the other.

    Args:
        items: (`item_id`, `group_id`), in the order in which they are given out.
        on_duty: (`group_id`, `person_id`), each pair once.
        loads: (`person_id`, `load`): items that people have already.

    Returns:
        (`item_id`, `given_to`, `present`): one row per item whose group has somebody; `present` counts the members.
    """
    wanted = items.select("item_id", "group_id").drop_nulls("group_id")
    offered = on_duty.join(wanted, on="group_id", how="semi")
    if offered.is_empty():
        return _NOBODY.to_frame()
    shared = offered.filter(pl.col("person_id").is_duplicated()).select("group_id").unique()
    alone = offered.join(shared, on="group_id", how="anti")
    given = [_given(wanted, alone, loads)]
    for group in shared["group_id"].sort():
        taken = pl.concat(given).group_by(person_id="given_to").agg(more=pl.len().cast(pl.Int64))
        now = loads.join(taken, on="person_id", how="full", coalesce=True).select(
            "person_id", load=pl.col("load").fill_null(0) + pl.col("more").fill_null(0)
        )
        given.append(_given(wanted, offered.filter(pl.col("group_id") == group), now))
    return pl.concat(given)


def next_of(on_duty: pl.DataFrame, loads: pl.DataFrame) -> pl.DataFrame:
    """Who of each group would be given an item if it were the only one: as `assign` of one item, for every group.

    Args:
        on_duty: (`group_id`, `person_id`), each pair once.
        loads: (`person_id`, `load`): items that people have already.

    Returns:
        (`group_id`, `given_to`, `present`): one row per group.
    """
    free = on_duty.join(loads, on="person_id", how="left").with_columns(pl.col("load").fill_null(0))
    return (
        free.sort("group_id", "load", "person_id")
        .group_by("group_id", maintain_order=True)
        .agg(given_to=pl.col("person_id").first(), present=pl.len().cast(pl.Int64))
    )


def _given(wanted: pl.DataFrame, members: pl.DataFrame, loads: pl.DataFrame) -> pl.DataFrame:
    """Items of groups that share nobody, given out."""
    queue = wanted.join(
        members.select("group_id").unique(), on="group_id", how="semi", maintain_order="left"
    ).with_columns(turn=pl.int_range(pl.len()).over("group_id"))
    sizes = queue.group_by("group_id").agg(items=pl.len().cast(pl.Int64))
    free = (
        members.join(loads, on="person_id", how="left")
        .with_columns(pl.col("load").fill_null(0).cast(pl.Int64))
        .join(sizes, on="group_id")
        .with_columns(present=pl.len().over("group_id").cast(pl.Int64), total=pl.col("load").sum().over("group_id"))
    )
    # Nobody is filled beyond the level at which all members together have places enough.
    level = (pl.col("items") + pl.col("total") + pl.col("present") - 1) // pl.col("present")
    places = (
        free.with_columns(place=pl.int_ranges("load", pl.max_horizontal("load", level)))
        .select("group_id", "person_id", "present", "place")
        .explode("place", empty_as_null=False)
        .sort("group_id", "place", "person_id")
        .with_columns(turn=pl.int_range(pl.len()).over("group_id"))
    )
    return queue.join(places, on=["group_id", "turn"], how="left", maintain_order="left").select(
        "item_id", given_to="person_id", present="present"
    )
