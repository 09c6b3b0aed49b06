"""Calendar months: counted over years, in the zone that is asked for."""

from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from opsguard_assets.tables.months import month_after, month_of, months_to

DAYS = st.dates(date(1900, 1, 1), date(2200, 1, 1))


@given(day=DAYS, number=st.integers(-400, 400))
def test_a_month_after_is_undone_by_as_many_before_it(day, number):
    found = month_after(day, number)
    assert (found.year * 12 + found.month) - (day.year * 12 + day.month) == number
    assert month_after(found, -number) == day.replace(day=1)


@given(first=DAYS, number=st.integers(0, 60))
def test_months_in_a_row_begin_at_the_first_and_miss_none(first, number):
    found = months_to(first.replace(day=1), month_after(first, number))
    assert found == [month_after(first, place) for place in range(number + 1)]


def test_a_moment_lies_in_the_month_of_its_zone():
    late = datetime(2026, 10, 31, 23, 30, tzinfo=UTC)
    assert (month_of(late, "UTC"), month_of(late, "Asia/Tokyo")) == (date(2026, 10, 1), date(2026, 11, 1))
