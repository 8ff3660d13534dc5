# What a plan will take, at the end of a dry run.
import atexit

from snakemake.settings.types import Quietness


def print_costs():
    """Say what the jobs cost that Snakemake would do, once it knows them (without an error before)."""
    if workflow.scheduler is None:
        return
    jobs = list(workflow.dag.needrun_jobs(exclude_finished=False))
    runs = [job.wildcards_dict for job in jobs if job.rule.name == "run"]
    if runs:
        print(costs_plan.describe(PLAN, runs, len(jobs) - len(runs)))


# Snakemake ends a dry run without a handler of the workflow's; the table of its jobs should not hide this one.
if workflow.output_settings.dryrun and Quietness.ALL not in (workflow.output_settings.quiet or ()):
    atexit.register(print_costs)
