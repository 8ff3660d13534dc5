# Jobs that a cluster may be given together, as one: only where the profile says how many of a kind (`group-components`).
# Those that need no choice are named in the profile itself (`groups`).
SHORT_S = 1800  # limit of time of a run that may share a job


def grouped(kind, name):
    """Name of a group of this kind, or none if the profile does not group it."""
    if kind not in workflow.group_settings.group_components:
        return None
    workflow.parent_groupids[name] = kind  # where Snakemake looks up how many go together
    return name


def get_run_group(wildcards):
    """Runs on one dataset, but those that may take long or need a GPU: each of them is a job of its own."""
    if PLAN.gpus(wildcards.method) or PLAN.method(wildcards.method)["timeout_s"] > SHORT_S:
        return None
    return grouped("runs", f"runs-{wildcards.track}-{wildcards.dataset}")


def get_prepare_group(wildcards):
    """Replicates of one simulated dataset. What is made from files is a job of its own: a bad one must stop no other."""
    name = get_dataset(wildcards)
    return grouped("prepares", f"prepares-{name}") if PLAN.registry.simulated(name) else None
