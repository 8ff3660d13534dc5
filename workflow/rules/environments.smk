# The environments of isolated methods, where Snakemake is not run with conda. Where one cannot be built, its marker
# says why and the runs that need it are skipped; `make clean-envs` has it tried again.
localrules:
    environment,


rule environment:
    output:
        "resources/envs/{env}-{digest}/.complete",
    log:
        "results/logs/environment/{env}-{digest}.log",
    wildcard_constraints:
        digest="[0-9a-f]{12}",
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        download=1,
    script:
        "../../scripts/environment.py"
