"""Package of the pipeline; `requirements/lock.txt` pins what it runs on."""

from setuptools import find_packages, setup

setup(
    name="movielens-tfx",
    version="0.1.0",
    description="From a catalogue and its events to a served two-tower recommender, on TFX.",
    license="Apache-2.0",
    packages=find_packages(
        include=[
            f"{name}{rest}"
            for name in ("pipeline", "components", "serving", "trainer", "transform")
            for rest in ("", ".*")
        ]
    ),
    package_data={
        "pipeline.presets": ["*.yaml"],
        "pipeline.report": ["*.j2"],
        "transform.datasets": ["*.yaml"],
        "serving.page": ["static/*"],
    },
    python_requires=">=3.10,<3.11",
    install_requires=[
        "tfx==1.16.0",
        "tensorflow==2.16.2",
        "tf-keras==2.16.0",
        "tensorflow-transform==1.16.0",
        "tensorflow-recommenders==0.7.7",
        "tensorflow-model-analysis==0.47.1",
        "tensorflow-serving-api==2.16.1",
        "keras-tuner",
        "tensorboard",
        "apache-beam==2.65.0",
        "kfp==2.5.0",
        "click",
        "dill",
        "jinja2",
        "pydantic",
        "pyyaml",
        "numpy",
        "pyarrow",
        "scikit-learn",
        "grpcio",
        "tensorflow-serving-api==2.16.1",
        "tenacity",
        "urllib3",
        "pooch",
        "tornado",
        "cryptography",
        "werkzeug",
    ],
    entry_points={"console_scripts": ["movielens = pipeline.cli.main:main"]},
)
