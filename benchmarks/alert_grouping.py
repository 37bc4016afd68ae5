"""Grouping of raw alerts on AIT-ADS: pairs of alerts, and the incidents of whole streams; beside key-and-gap rivals.

    python -m benchmarks alert_grouping [--json] [--plot FILE] [--speed N]

The rules, written down before a test scenario was scored:

* **Data**: santos, shaw, wardbeck of AIT-ADS (alerts of Wazuh, Suricata and AMiner, five to six days each). Truth is
  `event_label`, given alert by alert; `-` is noise. (`time_label` marks windows and takes what else was heard in them
  for attack; it is not used, save that nothing is removed by it: an alert of a scan that only the window marks counts
  as noise.) Order is by time, then by the file.
* **Pairwise macro-F1**: of ordered pairs of alerts whose first is of a phase (`alerts/scores.py`): precision is the
  share of an attack alert's company that is of its phase, recall the share of its phase that is its company; F1 by
  phase from counts, then the mean over phases. A phase of one alert has no pair and isn't scored; an alert alone in
  its group adds no told pair and loses its true ones. Noise in: noise is company; noise out: the same groups, made of
  the whole stream, with the noise taken out of them afterwards. Pairs of noise with noise are never counted: nobody
  needs noise grouped well.
* **Rotations**: every setting of every method is scored on the two tuning scenarios, the one with the highest mean
  macro-F1, noise in, is taken (the first of equals), and is scored on the third scenario, once. Rivals: one key (time
  alone, host, host and sensor family, signature, host and signature), a group ends when its key is silent for longer
  than a gap, all from one grid of gaps. A family is sensor and log, as `W-Acc` in AIT's short names. Trivial rivals:
  one group, every alert its own.
* **Learning**: the first 24 hours of each scenario, whatever is in them, are the quiet time that ours learns from;
  until then it has no baseline. They count in the pairwise score like the rest. 24 hours was not varied.
* **Streams**, judged from the end of these 24 hours on for all methods: incidents a day; share of them with an alert
  of an attack; phases (of all in the scenario) with an alert in an incident; in how many incidents the main chain
  lies; delay from the first alert of the main chain until an incident that holds one is told. Main chain: every phase
  but `dnsteal`, which goes on for days before. A rival's incident is a group with at least `least` alerts, told at
  the `least`-th. Settings (of rivals: gap and least; of ours: what is told and joined, sessions as above) are chosen
  on the two tuning scenarios by the highest mean of (phases covered + share with an attack) / 2, among equals the
  fewest incidents a day. A rival more: alerts never seen in the first 24 hours, by host.
* **What was seen while designing**: shaw and wardbeck (scores by phase, which alerts a setting splits). santos was
  not looked at: the rotation that tests on it is the one that is blind; the other two are blind to settings, not to
  design.
"""
