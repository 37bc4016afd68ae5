"""Check a site file: every fault at once, each with file, line, field, what was found and what was expected."""

from dataclasses import dataclass
from pathlib import Path

from infrastress.site.faults import Fault
from infrastress.site.model import Site
from infrastress.site.quantities import check_quantities
from infrastress.site.reader import read_site_file
from infrastress.site.references import check_references
from infrastress.site.surroundings import check_surroundings
from infrastress.site.validation import validate

__all__ = ["CheckResult", "check_site"]


@dataclass(frozen=True)
class CheckResult:
    """The site, None when it has errors, and all faults by file and line."""

    site: Site | None
    faults: tuple[Fault, ...]

    @property
    def errors(self) -> tuple[Fault, ...]:
        """The faults that keep the site from loading."""
        return tuple(fault for fault in self.faults if fault.severity == "error")

    @property
    def warnings(self) -> tuple[Fault, ...]:
        """The faults that don't."""
        return tuple(fault for fault in self.faults if fault.severity == "warning")


def check_site(path: Path) -> CheckResult:
    """Check `path`, a site folder holding site.yaml or the file itself. Never raises for what the files hold."""
    root, faults = read_site_file(path)
    if root is None:
        return CheckResult(None, tuple(faults))
    checked = validate(root)
    check_references(checked)
    if checked.site is not None:
        check_quantities(checked.site, checked.report)
        check_surroundings(checked.site, checked.report)
    faults += checked.report.faults
    faults.sort(key=lambda fault: (fault.file != root.file, fault.file, fault.line, fault.field, fault.found))
    failed = any(fault.severity == "error" for fault in faults)
    return CheckResult(None if failed else checked.site, tuple(faults))
