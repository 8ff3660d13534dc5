"""Run one replicate of one method; whatever happens ends in a status."""

from os.path import abspath

from scbench import environments, supervise

data, *split = (abspath(path) for path in (snakemake.input.data, *snakemake.input.split))
supervise.run(
    {**snakemake.params.spec, "data": data, "split": split[0] if split else None},
    status=snakemake.output.status,
    output=snakemake.output.output,
    extra=snakemake.output.extra,
    log=snakemake.log[0],
    n_gpus=snakemake.resources.gpu,
    **environments.interpreter(snakemake.input.environment),
)
