# Every environment of envs/, where Snakemake looks for it. Made by `make dockerfile`.
FROM condaforge/miniforge3:24.11.3-0
LABEL io.github.snakemake.containerized="true"

COPY envs/annotation.yaml /envs/
RUN conda env create --quiet --prefix /conda-envs/d19d2fe568c2bb2b2487e4a366cd1caf --file /envs/annotation.yaml \
    && conda clean --all --yes

COPY envs/base.yaml /envs/
RUN conda env create --quiet --prefix /conda-envs/25497f72b859c6c3d61ff1375be90c0b --file /envs/base.yaml \
    && conda clean --all --yes

COPY envs/celltypist.yaml /envs/
RUN conda env create --quiet --prefix /conda-envs/a6e298d1574e27c9500b0650d029203d --file /envs/celltypist.yaml \
    && conda clean --all --yes

COPY envs/markers.yaml /envs/
RUN conda env create --quiet --prefix /conda-envs/0e820436704ebfeb0ce0b3f7faced84a --file /envs/markers.yaml \
    && conda clean --all --yes

COPY envs/r-spark.yaml envs/r-spark.post-deploy.sh /envs/
RUN conda env create --quiet --prefix /conda-envs/68fc4fce9387317b2ee92ca521d54265 --file /envs/r-spark.yaml \
    && conda run --no-capture-output --prefix /conda-envs/68fc4fce9387317b2ee92ca521d54265 bash /envs/r-spark.post-deploy.sh \
    && conda clean --all --yes

COPY envs/scgco.yaml envs/scgco.post-deploy.sh /envs/
RUN conda env create --quiet --prefix /conda-envs/39b444f3f8e653e02d6a3af2aaf65f8d --file /envs/scgco.yaml \
    && conda run --no-capture-output --prefix /conda-envs/39b444f3f8e653e02d6a3af2aaf65f8d bash /envs/scgco.post-deploy.sh \
    && conda clean --all --yes

COPY envs/smash.yaml envs/smash.post-deploy.sh /envs/
RUN conda env create --quiet --prefix /conda-envs/d435c3d17b7588fcb2bcbfbe776fc99f --file /envs/smash.yaml \
    && conda run --no-capture-output --prefix /conda-envs/d435c3d17b7588fcb2bcbfbe776fc99f bash /envs/smash.post-deploy.sh \
    && conda clean --all --yes

COPY envs/spatialde.yaml /envs/
RUN conda env create --quiet --prefix /conda-envs/d0a788bd52b8262235a3a42dc1fae9bb --file /envs/spatialde.yaml \
    && conda clean --all --yes
