"""The rules of the house as lists: who is pure, who may import whom. `test_house_rules` holds the code to them."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = ("opsguard_assets", "ml", "resources", "sensors")
DAGSTER_READS_ANNOTATIONS = ("opsguard_assets/", "resources/", "sensors/")

# Modules that are one list of things of one kind; their package says what else is not in them.
ONE_SENTENCE = {
    "opsguard_assets/config/base.py",
    *(f"opsguard_assets/tables/{r}.py" for r in ("devices", "reference", "security", "shifts", "tickets", "vendors")),
    "resources/migrations/env.py",
    *(
        f"resources/migrations/versions/{name}.py"
        for name in (
            "0001_ticks_and_pins",
            "0002_model_history",
            "0003_alerts",
            "0004_model_watch",
            "0005_escalations",
            "0006_transitions_tell_more",
            "0015_withdrawn_ticks",
            "0016_model_files",
            "0017_effects",
            "0018_reaching_people",
            "0019_remediation",
            "0020_where_messages_are",
            "0021_engine_of_playbooks",
            "0022_effects_of_tickets",
            "0023_newest_executions",
            "0025_what_judges_playbooks",
            "0026_open_offers",
            "0027_signed_scorecards",
            "0030_whether_clients_are_satisfied",
            "0028_steps_in_doubt",
            "0029_readers_of_finance",
        )
    ),
}

DOMAINS = ("devices", "external", "shifts", "tickets", "triage", "vendors")
# The floors of each room, the lowest first: a sub-package imports those named before it, and never a file of the room.
FLOORS = {
    "opsguard_assets/tickets": ("sla", "learning", "risk", "escalation"),
    "opsguard_assets/devices": ("telemetry", "failure", "health", "alerts"),
    "opsguard_assets/shifts": ("calendar", "verdicts", "coverage", "no_show", "alerts"),
    "opsguard_assets/vendors": ("scores", "orders", "alerts"),
    "opsguard_assets/triage": ("learning", "priority"),
    "opsguard_assets/remediation": ("playbook", "actions", "engine", "outcomes", "autonomy"),
    "opsguard_assets/scorecards": ("kpis", "value", "card", "forms", "signing"),
    "opsguard_assets/finance": ("revenue", "invoices", "projection", "pages", "pilot"),
    "opsguard_assets/intake": ("raw", "ledger", "mapping", "readers", "receiving", "accepting"),
    "ml": ("features", "models", "dataset", "problems", "evaluation", "training", "tracking"),
}
# Words that every floor of `ml` speaks, and the names of the jobs of each domain.
GROUND = ("ml.values", "ml.words", *(f"opsguard_assets.{domain}.job_names" for domain in DOMAINS))
PURE = (
    "ml/", "opsguard_assets/drawing.py", "opsguard_assets/tables/", "opsguard_assets/simulator/",
    "opsguard_assets/effects/", "opsguard_assets/duty/", "opsguard_assets/incidents/", "opsguard_assets/routing/",
    *(f"opsguard_assets/remediation/{floor}/" for floor in ("playbook", "engine", "outcomes", "autonomy")),
    "opsguard_assets/scorecards/", "opsguard_assets/finance/", "opsguard_assets/entitlements/",
    "opsguard_assets/satisfaction/",
    *(f"opsguard_assets/{domain}/" for domain in DOMAINS),
)  # fmt: skip
# In domains and among effects a module's name says that it touches the world: Dagster, or the lake and the database.
NAMED = (
    *DOMAINS,
    "effects",
    "incidents",
    "routing",
    "remediation",
    "scorecards",
    "finance",
    "entitlements",
    "satisfaction",
)
SHELL_NAMES = ("assets.py", "_assets.py", "/io.py", "_io.py")
PURE_INTAKE = {
    *(f"opsguard_assets/intake/raw/{name}.py" for name in ("drift", "names", "types")),
    *(f"opsguard_assets/intake/ledger/{name}.py" for name in ("ledger", "quarantine", "report")),
    *(
        f"opsguard_assets/intake/mapping/{name}.py"
        for name in ("conform", "formats", "instants", "mapping_words", "origin", "parse", "values", "zone_names")
    ),
    "opsguard_assets/intake/receiving/probe_result.py",
}
SHELL = {
    "opsguard_assets/incidents/people.py",
    *(f"opsguard_assets/tickets/escalation/{name}.py" for name in ("escalate", "helpdesk", "inputs", "withdraw")),
    "ml/models/mlflow_model.py",
    "ml/models/model_files.py",
    "ml/tracking/registry.py",
    "ml/tracking/tracking.py",
}
OUTSIDE_WORLD = {
    "dagster", "deltalake", "dlt", "duckdb", "http", "io", "mlflow", "os", "pathlib", "random", "requests", "resources",
    "secrets", "shutil", "socket", "sqlalchemy", "subprocess", "tempfile", "threading", "time", "urllib",
}  # fmt: skip
ALLOWED_OUTSIDE = {
    ("opsguard_assets/simulator/twin.py", "pathlib"),  # write_records puts the provider's files where it is told
    ("opsguard_assets/effects/adapter.py", "resources"),  # its arrow admits the words of answers, and nothing else
    ("opsguard_assets/effects/machine.py", "resources"),
    ("opsguard_assets/finance/invoices/files.py", "io"),
    ("opsguard_assets/finance/pilot/book.py", "io"),  # a workbook becomes bytes in memory
    ("ml/evaluation/pictures.py", "io"),  # a picture becomes bytes in memory
    ("opsguard_assets/scorecards/forms/book.py", "io"),  # and so does a workbook
}
CLOCKS = {"now", "utcnow", "today", "time", "monotonic", "perf_counter", "time_ns"}
FILES = {"open", "input", "print", "read_text", "write_text", "read_bytes", "write_bytes"}

MAY_IMPORT_DAGSTER = {
    "opsguard_assets/build.py",
    "opsguard_assets/cadences.py",
    "opsguard_assets/freshness.py",
    "opsguard_assets/housekeeping.py",
    "opsguard_assets/metadata.py",
    "opsguard_assets/model_jobs.py",
    "opsguard_assets/moment.py",
    "opsguard_assets/roles.py",
    "opsguard_assets/verification/schedules.py",
    "opsguard_assets/commands/jobs.py",
    "resources/installation.py",
    "resources/serving.py",
    "sensors/arrivals.py",
    "sensors/cadences.py",
    "sensors/failures.py",
    "sensors/champions.py",
    "sensors/connections.py",
    "sensors/due.py",
    "sensors/launching.py",
    "sensors/retraining.py",
    "sensors/runs.py",
}

# Where SQL still stands in Python strings.
SQL_IN_PYTHON = {f"opsguard_assets/tickets/escalation/{name}.py" for name in ("io", "withdraw")}

# An oracle is one walk that a person can follow from top to bottom without looking anything up.
ONE_PIECE = {("tests/tickets/oracle.py", "judge")}

# Who may import whom among our own modules: importing file or folder -> prefixes; the longest match decides.
ARROWS = {
    "ml/": ("ml",),
    "resources/": ("resources", "opsguard_assets.tables"),
    "sensors/": ("sensors", "opsguard_assets.intake.receiving.probe_result", "resources.processes"),
    "opsguard_assets/simulator/": ("opsguard_assets.simulator",),
    "opsguard_assets/tables/": ("opsguard_assets.tables",),
    "opsguard_assets/config/": ("opsguard_assets.config", "resources.environment"),
    "opsguard_assets/intake/": (
        "opsguard_assets.intake", "opsguard_assets.config", "opsguard_assets.tables", "resources",
    ),
    "opsguard_assets/intake/readers/simulated.py": (
        "opsguard_assets.intake", "opsguard_assets.config", "opsguard_assets.simulator", "resources.database",
        "resources.progress", "resources.sql",
    ),
    "opsguard_assets/intake/assets.py": (
        "opsguard_assets.intake", "opsguard_assets.config", "opsguard_assets.tables", "opsguard_assets.metadata",
        "resources",
    ),
    "opsguard_assets/tickets/": (
        "opsguard_assets.tickets", "opsguard_assets.tables", "opsguard_assets.derivation",
        "opsguard_assets.duty", "opsguard_assets.alerts.finding", "ml", "resources",
    ),
    "opsguard_assets/tickets/risk/keys.py": ("opsguard_assets.tickets", "opsguard_assets.metadata"),
    "opsguard_assets/tickets/risk/alert_assets.py": (
        "opsguard_assets.tickets", "opsguard_assets.moment", "opsguard_assets.entitlements",
        "opsguard_assets.metadata", "opsguard_assets.alerts",
        "opsguard_assets.config.settings", "ml", "resources",
    ),
    "opsguard_assets/tickets/escalation/helpdesk.py": ("opsguard_assets.config", "resources.ticket_system"),
    "opsguard_assets/duty/": ("opsguard_assets.duty", "opsguard_assets.tables.values"),
    "opsguard_assets/incidents/": (
        "opsguard_assets.incidents", "opsguard_assets.alerts", "opsguard_assets.entitlements", "opsguard_assets.config",
        "opsguard_assets.effects", "opsguard_assets.tables.values", "resources",
    ),
    "opsguard_assets/incidents/assets.py": (
        "opsguard_assets.incidents", "opsguard_assets.alerts", "opsguard_assets.config.settings",
        "opsguard_assets.entitlements", "opsguard_assets.metadata", "opsguard_assets.moment", "resources",
    ),
    "opsguard_assets/routing/": (
        "opsguard_assets.routing", "opsguard_assets.incidents", "opsguard_assets.alerts", "opsguard_assets.config",
        "opsguard_assets.duty", "opsguard_assets.effects", "opsguard_assets.tables", "opsguard_assets.entitlements",
        "resources",
    ),
    "opsguard_assets/routing/assets.py": (
        "opsguard_assets.routing", "opsguard_assets.incidents", "opsguard_assets.alerts", "opsguard_assets.config",
        "opsguard_assets.metadata", "opsguard_assets.moment", "resources",
    ),
    "opsguard_assets/effects/adapter.py": ("opsguard_assets.effects.machine", "resources.answers"),
    "opsguard_assets/effects/machine.py": ("resources.answers",),
    "opsguard_assets/effects/": ("opsguard_assets.effects", "opsguard_assets.config", "resources"),
    "opsguard_assets/tickets/escalation/": (
        "opsguard_assets.tickets", "opsguard_assets.duty", "opsguard_assets.effects", "opsguard_assets.tables",
        "resources",
    ),
    "opsguard_assets/tickets/escalation/inputs.py": (
        "opsguard_assets.tickets", "opsguard_assets.duty", "opsguard_assets.tables", "opsguard_assets.entitlements",
        "opsguard_assets.alerts.suppression", "opsguard_assets.config.settings", "resources",
    ),
    "opsguard_assets/tickets/escalation/assets.py": (
        "opsguard_assets.tickets", "opsguard_assets.moment",
        "opsguard_assets.metadata", "opsguard_assets.config.settings", "resources",
    ),
    "opsguard_assets/tickets/risk/recompute_io.py": (
        "opsguard_assets.tickets", "opsguard_assets.models", "opsguard_assets.config.settings", "ml", "resources.lake",
    ),
    "opsguard_assets/tickets/risk/plots.py": ("opsguard_assets.tickets", "opsguard_assets.models.plots"),
    "opsguard_assets/tickets/risk/problem_io.py": (
        "opsguard_assets.tickets", "opsguard_assets.models.problem", "opsguard_assets.config.settings", "ml",
        "resources.lake",
    ),
    "opsguard_assets/tickets/assets.py": (
        "opsguard_assets.tickets", "opsguard_assets.moment",
        "opsguard_assets.tables", "opsguard_assets.metadata", "opsguard_assets.models",
        "opsguard_assets.alerts", "opsguard_assets.config.settings", "opsguard_assets.intake.assets", "ml", "resources",
    ),
    **{
        f"opsguard_assets/{domain}/": (
            f"opsguard_assets.{domain}", "opsguard_assets.tables", "opsguard_assets.derivation",
            "opsguard_assets.entitlements",
            "opsguard_assets.drawing",
            "opsguard_assets.alerts", "opsguard_assets.models", "opsguard_assets.metadata", "opsguard_assets.moment",
            "opsguard_assets.config", "opsguard_assets.intake.assets", "opsguard_assets.intake.ledger.ledger", "ml",
            "resources",
        )
        for domain in DOMAINS
    },
    "opsguard_assets/alerts/": ("opsguard_assets.alerts", "opsguard_assets.tables.values", "resources"),
    "opsguard_assets/alerts/monitor_assets.py": (
        "opsguard_assets.alerts", "opsguard_assets.config.settings", "opsguard_assets.metadata",
        "opsguard_assets.moment", "resources",
    ),
    "opsguard_assets/models/": (
        "opsguard_assets.models", "opsguard_assets.drawing",
        "opsguard_assets.alerts.finding", "opsguard_assets.alerts.queries",
        "opsguard_assets.config.settings", "opsguard_assets.metadata", "opsguard_assets.moment",
        "opsguard_assets.tables", "ml", "resources",
    ),
    "opsguard_assets/models/scoring.py": (
        "opsguard_assets.models", "opsguard_assets.alerts.lifecycle", "opsguard_assets.intake.assets",
        "opsguard_assets.tables", "ml", "resources",
    ),
    "opsguard_assets/models/recompute.py": (
        "opsguard_assets.models", "opsguard_assets.alerts", "opsguard_assets.config.settings", "ml", "resources",
    ),
    "opsguard_assets/delivery/": (
        "opsguard_assets.delivery", "opsguard_assets.effects", "opsguard_assets.views", "opsguard_assets.tables",
        "opsguard_assets.config", "opsguard_assets.metadata", "opsguard_assets.web.tokens", "resources",
    ),
    **{
        f"opsguard_assets/delivery/{name}.py": (
            "opsguard_assets.delivery", "opsguard_assets.views", "opsguard_assets.tables", "resources.channels.slack",
        )
        for name in ("letter", "wording", "question_wording", "slack_blocks", "mails", "plain")
    },
    "opsguard_assets/views/": (
        "opsguard_assets.views", "opsguard_assets.alerts.finding", "opsguard_assets.alerts.queries",
        "opsguard_assets.domains", "opsguard_assets.tables", "resources",
    ),
    "opsguard_assets/web/answering.py": (
        "opsguard_assets.web", "opsguard_assets.views", "opsguard_assets.alerts.people", "opsguard_assets.remediation",
    ),
    "opsguard_assets/web/gate.py": (
        "opsguard_assets.web.service", "opsguard_assets.views.actions", "opsguard_assets.alerts.alert_type",
        "opsguard_assets.domains", "opsguard_assets.entitlements", "resources.sql",
    ),
    "opsguard_assets/web/satisfaction.py": (
        "opsguard_assets.web", "opsguard_assets.views", "opsguard_assets.satisfaction",
    ),
    "opsguard_assets/satisfaction/": (
        "opsguard_assets.satisfaction", "opsguard_assets.config", "opsguard_assets.effects",
        "opsguard_assets.entitlements", "opsguard_assets.incidents.messages_io", "opsguard_assets.metadata",
        "opsguard_assets.moment", "opsguard_assets.scorecards.card.card", "opsguard_assets.scorecards.forms",
        "opsguard_assets.tables", "ml.evaluation.intervals", "resources",
    ),
    "opsguard_assets/web/executions.py": (
        "opsguard_assets.web", "opsguard_assets.views", "opsguard_assets.remediation.autonomy",
    ),
    "opsguard_assets/web/": (
        "opsguard_assets.web", "opsguard_assets.views", "opsguard_assets.alerts.feedback",
        "opsguard_assets.alerts.people", "opsguard_assets.incidents.people", "opsguard_assets.config",
        "opsguard_assets.tables", "resources",
    ),
    "opsguard_assets/remediation/playbook/": (
        "opsguard_assets.remediation.playbook", "opsguard_assets.config", "opsguard_assets.routing.analysis",
        "opsguard_assets.tables.values", "opsguard_assets.incidents.matching",
    ),
    "opsguard_assets/remediation/": (
        "opsguard_assets.remediation", "opsguard_assets.alerts", "opsguard_assets.entitlements",
        "opsguard_assets.config", "opsguard_assets.duty", "opsguard_assets.effects", "opsguard_assets.incidents",
        "opsguard_assets.routing", "opsguard_assets.metadata", "opsguard_assets.moment", "opsguard_assets.tables",
        "opsguard_assets.tickets.escalation", "opsguard_assets.devices", "opsguard_assets.shifts",
        "opsguard_assets.vendors",
        "opsguard_assets.views", "opsguard_assets.drawing", "opsguard_assets.domains", "resources",
        "ml.evaluation.intervals",
    ),
    "opsguard_assets/remediation/actions/simulated_people.py": (
        "opsguard_assets.remediation", "opsguard_assets.config.settings", "opsguard_assets.intake.readers.simulated",
        "opsguard_assets.simulator.answering", "resources",
    ),
    "opsguard_assets/remediation/engine/advance_io.py": (
        "opsguard_assets.remediation", "opsguard_assets.effects", "opsguard_assets.intake.raw.received", "resources",
    ),
    "opsguard_assets/remediation/engine/assets.py": (
        "opsguard_assets.remediation", "opsguard_assets.config.settings", "opsguard_assets.effects.adapter",
        "opsguard_assets.metadata", "opsguard_assets.moment", "resources",
    ),
    "opsguard_assets/entitlements/": (
        "opsguard_assets.entitlements", "opsguard_assets.config", "opsguard_assets.tables", "resources",
    ),
    "opsguard_assets/scorecards/": (
        "opsguard_assets.scorecards", "opsguard_assets.entitlements", "opsguard_assets.config",
        "opsguard_assets.tables", "opsguard_assets.alerts", "opsguard_assets.devices",
        "opsguard_assets.derivation", "opsguard_assets.drawing",
        "opsguard_assets.domains",
        "opsguard_assets.effects", "opsguard_assets.incidents.messages_io", "opsguard_assets.incidents.notices",
        "opsguard_assets.metadata", "opsguard_assets.models.champions", "opsguard_assets.moment",
        "opsguard_assets.remediation.outcomes",
        "opsguard_assets.shifts", "opsguard_assets.tickets", "opsguard_assets.triage", "opsguard_assets.vendors",
        "opsguard_assets.views", "ml.evaluation", "resources",
    ),
    "opsguard_assets/scorecards/kpis/kpi.py": ("opsguard_assets.config.settings",),
    "opsguard_assets/scorecards/card/card.py": ("opsguard_assets.config.base",),
    "opsguard_assets/scorecards/forms/": (
        "opsguard_assets.scorecards.forms", "opsguard_assets.scorecards.card", "opsguard_assets.scorecards.kpis.kpi",
        "opsguard_assets.scorecards.kpis.registry", "opsguard_assets.drawing", "opsguard_assets.tables.months",
        "opsguard_assets.views.texts",
    ),
    "opsguard_assets/finance/": (
        "opsguard_assets.finance", "opsguard_assets.entitlements", "opsguard_assets.config", "opsguard_assets.tables",
        "opsguard_assets.scorecards", "opsguard_assets.alerts.alert_type", "opsguard_assets.drawing",
        "opsguard_assets.metadata", "opsguard_assets.moment", "resources",
    ),
    "opsguard_assets/verification/": (
        "opsguard_assets.verification", "opsguard_assets.alerts", "opsguard_assets.config", "opsguard_assets.delivery",
        "opsguard_assets.devices", "opsguard_assets.domains", "opsguard_assets.entitlements",
        "opsguard_assets.external", "opsguard_assets.incidents", "opsguard_assets.models",
        "opsguard_assets.remediation", "opsguard_assets.routing", "opsguard_assets.scorecards",
        "opsguard_assets.shifts", "opsguard_assets.simulator", "opsguard_assets.tables", "opsguard_assets.tickets",
        "opsguard_assets.triage", "opsguard_assets.vendors", "resources",
    ),
    **{
        f"opsguard_assets/verification/{name}.py": ("opsguard_assets.verification",)
        for name in ("result", "verification", "report", "catalog", "servers_io")
    },
    "opsguard_assets/finance/pilot/": (
        "opsguard_assets.finance", "opsguard_assets.entitlements", "opsguard_assets.config", "opsguard_assets.tables",
        "opsguard_assets.scorecards", "opsguard_assets.alerts.alert_type", "opsguard_assets.satisfaction",
        "opsguard_assets.remediation.outcomes", "opsguard_assets.triage.learning", "ml.evaluation", "resources",
    ),
    "opsguard_assets/cadence.py": (),
    "opsguard_assets/domain.py": (
        "opsguard_assets.alerts.alert_type", "opsguard_assets.cadence", "opsguard_assets.config.settings",
        "opsguard_assets.models.problem", "opsguard_assets.tables.table",
    ),
    **{
        f"opsguard_assets/{domain}/domain.py": (
            f"opsguard_assets.{domain}", "opsguard_assets.alerts.alert_type", "opsguard_assets.cadence",
            "opsguard_assets.config.settings", "opsguard_assets.domain", "opsguard_assets.models.problem",
        )
        for domain in DOMAINS
    },
    "opsguard_assets/domains.py": (
        "opsguard_assets.alerts.alert_type", "opsguard_assets.alerts.kinds", "opsguard_assets.alerts.own_types",
        "opsguard_assets.external.domain", "opsguard_assets.finance.revenue.schemas",
        "opsguard_assets.cadence", "opsguard_assets.config.settings",
        "opsguard_assets.domain", "opsguard_assets.models.problem",
        *(f"opsguard_assets.{domain}.domain" for domain in DOMAINS),
    ),
    "opsguard_assets/failed_runs.py": (
        "opsguard_assets.alerts", "opsguard_assets.triage.priority", "opsguard_assets.incidents",
        "opsguard_assets.routing", "opsguard_assets.config.settings", "resources.database", "resources.lake",
        "sensors.failures",
    ),
    "opsguard_assets/drawing.py": (),
    "opsguard_assets/derivation.py": ("opsguard_assets.tables", "resources.lake"),
    "opsguard_assets/metadata.py": ("opsguard_assets.tables", "opsguard_assets.intake.ledger.report"),
    "opsguard_assets/roles.py": ("opsguard_assets.intake.receiving.inbox", "opsguard_assets.models", "ml", "resources"),
    "opsguard_assets/definitions.py": ("opsguard_assets.build",),
    "opsguard_assets/cli.py": ("opsguard_assets.commands", "resources.revision"),
}  # fmt: skip

# Words that docs/glossary.md avoids and that mean nothing else in code: in a docstring, and in a name.
AVOIDED_PHRASES = (
    "learning house", "is no instant", "came of it", "at most so many", "told apart", "met again",
    "goes on from", "a glance", "kept out", "lets it in", "not listened to", "withheld an", "the mission",
    "problem of the learning", "slow walk", "alerts that live", "the life of alerts", "model in force",
    "from when what", "what anybody could", "whoever", "what became of", "by their own word", "said and seen",
)  # fmt: skip
AVOIDED_NAMES = {
    "told", "told_of", "told_once", "tick_again", "ticks_again", "usefulness", "withholding", "follow_outcomes",
    "hold_back", "kept_out", "let_in", "wish", "last_watch", "watch_of", "watches", "carried", "is_as_it_was",
}  # fmt: skip
# Migrations that ran are never edited.
OLD_WORDS = "resources/migrations/"
