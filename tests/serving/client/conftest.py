"""A served bundle, its towers made up."""

import pytest


@pytest.fixture(scope="module")
def bundle(serve, bundle_base):
    return serve(f"--model_base_path={bundle_base}", "--model_name=movielens")
