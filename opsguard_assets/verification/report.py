"""Results of verifications for machines: JSON and JUnit. Not here: the table for people (the command)."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from xml.etree import ElementTree as ET

from opsguard_assets.verification.result import Result

_SUITE = "opsguard verify"


def document(results: Sequence[Result], seconds: float) -> dict[str, Any]:
    """The results as one document.

    Args:
        results: In the order of the list.
        seconds: How long all of it took, with the world.
    """
    rows = [{**asdict(each), "passed": each.passed, "seconds": round(each.seconds, 3)} for each in results]
    return {"passed": all(each.passed for each in results), "seconds": round(seconds, 3), "verifications": rows}


def junit(results: Sequence[Result], seconds: float) -> bytes:
    """The results as CI servers read them (JUnit XML): a test case per verification.

    Args:
        results: In the order of the list.
        seconds: How long all of it took, with the world.
    """
    failed = sum(not each.passed for each in results)
    counts = {
        "tests": str(len(results)),
        "failures": str(failed),
        "errors": "0",
        "skipped": "0",
        "time": f"{seconds:.3f}",
    }
    suites = ET.Element("testsuites", counts)
    suite = ET.SubElement(suites, "testsuite", {"name": _SUITE, **counts})
    for each in results:
        case_of = {"classname": _SUITE, "name": each.name, "time": f"{each.seconds:.3f}"}
        case = ET.SubElement(suite, "testcase", case_of)
        if not each.passed:
            failure = ET.SubElement(case, "failure", {"message": _printable(_first(each)), "type": "verification"})
            failure.text = _printable(
                "\n".join(f"{one.what}\nwhere: {one.where}\nnext: {one.remedy}" for one in each.wrong)
            )
        ET.SubElement(case, "system-out").text = _printable(f"planted: {each.planted}\nfound: {each.found}")
    written: bytes = ET.tostring(suites, encoding="utf-8", xml_declaration=True)
    return written


def _first(result: Result) -> str:
    return result.wrong[0].what if result.wrong else "nothing was claimed"


def _printable(text: str) -> str:
    """Without the characters that XML cannot hold."""
    return "".join(sign if sign in "\n\t" or sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)
