# What the rules of the marker track look up.
from scbench import plan_markers
from scbench.seeds import seed as derive_seed


wildcard_constraints:
    map="|".join(plan_markers.localisations(PLAN.tracks.get("markers", {"localisation": []}))) or "none",


def get_first_spec(wildcards):
    return PLAN.spec("markers", wildcards.dataset, wildcards.method, 0)


def get_folds(wildcards):
    return PLAN.tracks["markers"]["learning_curves"]["folds"]


def get_curve_methods(wildcards):
    return PLAN.tracks["markers"]["learning_curves"]["methods"]


def get_curves(wildcards):
    return [f"results/markers/{wildcards.dataset}/{name}/curves.tsv" for name in get_curve_methods(wildcards)]


def get_classifier_options(wildcards):
    return {"first": PLAN.tracks[wildcards.track]["classifiers"][0]}


def get_comparison_options(wildcards):
    names = PLAN.tracks[wildcards.track]["comparisons"][wildcards.group]
    return {"names": names, "title": wildcards.group.replace("_", " ").capitalize()}


def get_two_step_options(wildcards):
    return {
        "pairs": plan_markers.pairs(PLAN.tracks[wildcards.track], PLAN.registry),
        "overlap": PLAN.overlap(wildcards.track),
    }


def get_matrix_methods(wildcards):
    return PLAN.tracks[wildcards.track]["matrix"]


def get_matrix_outputs(wildcards):
    folder = f"results/{wildcards.track}/{wildcards.dataset}"
    return [f"{folder}/{name}/r0/output.tsv" for name in get_matrix_methods(wildcards)]


def get_top_k(wildcards):
    return PLAN.tracks[wildcards.track]["top_k"]


def get_replicates(wildcards):
    return len(PLAN.replicates(wildcards.track, wildcards.dataset))


def get_localisation(wildcards):
    return plan_markers.localisations(PLAN.tracks["markers"])[wildcards.map]


def get_localised_data(wildcards):
    return PLAN.prepared(get_localisation(wildcards)["dataset"], 0)


def get_localised_tissue(wildcards):
    return PLAN.prepared(get_localisation(wildcards)["tissue"], 0)


def get_localised_ranking(wildcards):
    chosen = get_localisation(wildcards)
    return f"results/{wildcards.track}/{chosen['dataset']}/{chosen['method']}/r0/output.tsv"


def get_localisation_seed(wildcards):
    return derive_seed(PLAN.config["seed"], "localisation", wildcards.map)


def get_track_facts(wildcards):
    return [facts_of(PLAN.prepared(name, 0)) for name in PLAN.tracks[wildcards.track]["datasets"]]
