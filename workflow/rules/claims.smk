# Published claims beside what was measured of them.
localrules:
    claims,
    judge,
    audit,
    claims_page,
    claims_forest,


rule claims:
    input:
        get_claim_targets,


rule judge:
    input:
        tables=get_judged,
        ledger=plan_claims.ledger(),
        code=get_code("scbench.claims.judge", *plan_claims.MEASURES),
    output:
        "results/claims/verdicts.tsv",
    log:
        "results/logs/claims/judge.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    params:
        existing=get_existing,
        confidence=PLAN.config["confidence"],
        seed=PLAN.config["seed"],
    script:
        "../../scripts/claims.py"


rule audit:
    input:
        ledger=plan_claims.ledger(),
        code=get_code("scbench.claims.audit.checks"),
    output:
        "results/claims/audit.tsv",
    log:
        "results/logs/claims/audit.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    script:
        "../../scripts/claims_audit.py"


rule claims_page:
    input:
        verdicts="results/claims/verdicts.tsv",
        audit="results/claims/audit.tsv",
        rules=f"{plan_claims.folder()}/rules.yaml",
        code=get_code("scbench.claims.page"),
    output:
        report(
            "results/claims.html",
            caption="../report/claims.rst",
            category="Claims of the papers",
            labels={"figure": "Every claim, ours and the verdict"},
        ),
    log:
        "results/logs/claims/page.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    script:
        "../../scripts/claims_page.py"


rule claims_forest:
    input:
        verdicts="results/claims/verdicts.tsv",
        code=get_code("scbench.figures.claims_forest"),
    output:
        png=report(
            "results/figures/claims-{paper}.png",
            caption="../report/claims_forest.rst",
            category="Claims of the papers",
            labels={"figure": "Published and measured numbers, {paper}"},
        ),
        pdf="results/figures/claims-{paper}.pdf",
    log:
        "results/logs/claims/forest-{paper}.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    script:
        "../../scripts/claims_forest.py"
