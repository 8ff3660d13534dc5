from inspect import signature

from snakemake.utils import min_version

min_version("9.27")


# Not under a configuration of the user's, which would get the default's tracks added.
if not config.keys() & {"tracks", "experiment"}:

    configfile: "config/config.yaml"


report: "workflow/report/workflow.rst"


# Only with `--sdm conda apptainer`: the image made from Dockerfile, which has the environments of all rules.
containerized: "scbench.sif"


# On a cluster, as many runs get a GPU as the cluster has; on one machine, as many as `--resources gpu=` says.
resource_scopes:
    gpu="local",


include: "workflow/rules/common.smk"
include: "workflow/rules/scores_inputs.smk"
include: "workflow/rules/groups.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/environments.smk"
include: "workflow/rules/run.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/markers_inputs.smk"
include: "workflow/rules/markers.smk"
include: "workflow/rules/tissue_inputs.smk"
include: "workflow/rules/tissue.smk"
include: "workflow/rules/svg_inputs.smk"
include: "workflow/rules/svg.smk"
include: "workflow/rules/scaling.smk"
include: "workflow/rules/annotation_inputs.smk"
include: "workflow/rules/annotation.smk"
include: "workflow/rules/encoder_inputs.smk"
include: "workflow/rules/pathways_inputs.smk"
include: "workflow/rules/encoder.smk"
include: "workflow/rules/pathways.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/claims.smk"
include: "workflow/rules/costs.smk"


# Snakemake looks up the signature of each function anew for each job; a stored one saves a tenth of a large plan.
for function in [value for name, value in globals().items() if name.startswith("get_")]:
    function.__signature__ = signature(function)


# Snakemake 9 looks at its open jobs again a second after each look, for each look: the more jobs have ended, the more
# often, until that alone fills a core. It does so for its limit of jobs a second, which only a cluster needs.
onstart:
    if workflow.local_exec:
        workflow.scheduler.job_rate_limiter = None


# On a node of a cluster: a job that fails must not keep the others of its group from being run, which Snakemake does not
# tell those that it starts there.
if workflow.remote_exec:
    from snakemake.scheduling.job_scheduler import JobScheduler

    JobScheduler.keepgoing = property(lambda scheduler: True, lambda scheduler, told: None)


localrules:
    all,
    data,
    markers,
    svg,
    annotation,


rule all:
    default_target: True
    input:
        get_all_targets,


rule data:
    input:
        get_data_targets,
        "results/datasets.tsv",


rule markers:
    input:
        get_track_targets("markers"),


rule svg:
    input:
        get_track_targets("svg"),


rule annotation:
    input:
        get_track_targets("annotation"),
