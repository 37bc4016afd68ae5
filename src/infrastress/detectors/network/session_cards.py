"""Rule cards of what office networks speak where it reaches controllers."""

from infrastress.detectors.base import RuleCard

__all__ = ["SESSION_CARDS"]

SESSION_CARDS: tuple[RuleCard, ...] = (
    RuleCard(
        rule="net.remote_admin",
        title="Remote administration of a control network",
        means="RDP, VNC, SSH or Telnet was opened into Purdue level 2 or below from another zone or by a stranger.",
        expected_against_seen="Expected: over conduits of the site model, by a jump host. Seen: another way in.",
        benign_causes=("a conduit missing in the site model", "a vendor's remote work that nobody announced"),
        first_check="Who works there now, on whose order? If nobody knows: cut the way at the firewall.",
        techniques=("T0886", "T0866"),
    ),
    RuleCard(
        rule="net.file_transfer",
        title="A file was written into a control network",
        means="A client wrote a file by SMB, FTP, TFTP or HTTP to a node at Purdue level 2 or below.",
        expected_against_seen="Expected: files come over conduits of the site model. Seen: one came another way.",
        benign_causes=("a backup, update or recipe server missing in the site model", "a firmware day"),
        first_check="What is the file, who put it there? Do not open it; keep a copy for whoever examines it.",
        techniques=("T0867",),
    ),
    RuleCard(
        rule="net.remote_tool",
        title="A tool for remote control calls out of the plant",
        means="A node at Purdue level 3 or below looked for the servers of a remote control product.",
        expected_against_seen="Expected: remote work over the plant's own access. Seen: a tool that passes firewalls.",
        benign_causes=("a vendor's support session that the plant agreed to", "a tool left behind after one"),
        first_check="Is a session agreed for now? If not: take the node off the network and see who installed it.",
        techniques=("T0886", "T0822"),
    ),
    RuleCard(
        rule="net.certificate",
        title="A certificate that proves nothing",
        means="A server showed a certificate that has ended or not begun, or one of its own making in another zone.",
        expected_against_seen="Expected: certificates in date, issued by somebody both sides trust. Seen: another.",
        benign_causes=("devices with the maker's certificate", "a clock that is wrong", "a renewal that was forgotten"),
        first_check="Is it the certificate that the device always had? If it changed: who stands between the two?",
        techniques=("T0830",),
    ),
    RuleCard(
        rule="net.internet_access",
        title="A controller is reached from the internet",
        means="An address of the internet spoke an industrial protocol to a node of the plant.",
        expected_against_seen="Expected: no way from the internet to controllers. Seen: one.",
        benign_causes=("public addresses used inside the plant", "a cloud service without a conduit in the site model"),
        first_check="Close the way at the firewall. What was written or read? Is the device in the state it should be?",
        techniques=("T0883", "T0822"),
    ),
)
