"""What the twin can be told: its seed, its size, its load.

Here: parameters with their meaning. Not here: what is made of them.
"""

from datetime import UTC, datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator


class SimulationSettings(BaseModel):
    """One world. Equal settings give equal records, on every machine.

    Attributes:
        seed: Chooses the world.
        starts_at: First instant of the world (whole days UTC); everything before is unknown.
        regions: Independent copies of the provider; size beyond one region costs time, not memory.
        clients: Clients per region, on the plans bronze, silver and gold in turn.
        sites: Sites per region.
        agents: Helpdesk agents per region; they work in three shifts a day. From 24 on every desk has an urgent
            seat and an ordinary one; with 12, urgent tickets queue with the rest, and nobody knows their true
            probability; in between, desks of one person serve urgent tickets only.
        tickets_per_day: Mean arrivals per region and day.
        load: Mean share of their shifts that agents need for the work; queues grow without bound above 1.
        on_hold_share: Share of medium and low tickets that wait for the requester once.
        reopened_share: Share of medium and low tickets that are reopened.
        orders_per_day: Mean jobs ordered from contractors per region and day; 0 leaves them out.
        alarms_per_site: Mean alarms of another system per site and day, beside those of sensors that cry wolf; 0 leaves
            them out.
        guards: Whether guards work at the sites, round the clock.
        devices_per_site: Devices at each site; 0 leaves them out.
        device_report_minutes: Minutes between two reports of a device.
        battery_share: Share of devices that run on batteries.
        skewed_clock_share: Share of devices whose clock runs 20 minutes to three hours ahead.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Field(default=1, ge=0)
    starts_at: AwareDatetime = datetime(2026, 1, 1, tzinfo=UTC)
    regions: int = Field(default=1, ge=1, le=1_000)
    clients: int = Field(default=6, ge=1)
    sites: int = Field(default=40, ge=1)
    agents: int = Field(default=60, ge=12)
    tickets_per_day: float = Field(default=220, gt=0)
    load: float = Field(default=0.8, gt=0, lt=2)
    on_hold_share: float = Field(default=0.18, ge=0, le=1)
    reopened_share: float = Field(default=0.05, ge=0, le=1)
    orders_per_day: float = Field(default=6, ge=0)
    alarms_per_site: float = Field(default=0.75, ge=0)
    guards: bool = True
    devices_per_site: int = Field(default=5, ge=0)
    device_report_minutes: float = Field(default=30, ge=1, le=60)
    battery_share: float = Field(default=0.7, ge=0, le=1)
    skewed_clock_share: float = Field(default=0.01, ge=0, le=1)

    @field_validator("starts_at")
    @classmethod
    def _whole_day(cls, instant: datetime) -> datetime:
        if instant.astimezone(UTC).time() != datetime.min.time():
            raise ValueError("starts_at must be a midnight UTC; days are the unit in which the twin draws its luck")
        return instant.astimezone(UTC)
