"""A part of a plant's cases, chosen on the command line."""

from benchmarks.process.cases import Part, cases_of


def test_without_a_choice_every_case_is_there():
    assert Part().of(cases_of("town")) == cases_of("town")


def test_groups_and_the_first_seeds_of_each_are_taken_and_training_is_whole():
    every = cases_of("town")
    some = Part(groups=("quiet", "benign"), seeds=2).of(every)
    assert {one.group for one in some} == {"training", "quiet", "benign"}
    assert [one for one in some if one.group == "training"] == [one for one in every if one.group == "training"]
    assert [one.seed for one in some if one.group == "quiet"] == [72101, 72102]
    assert {one.seed for one in some if one.group == "benign"} == {72501, 72502}
    assert len({one.kind for one in some if one.group == "benign"}) == 5
