"""The built site on loopback."""

import pytest
from built_site import HTML, serve


@pytest.fixture(scope="session")
def address():
    """Where the built site is served."""
    assert HTML.is_dir(), "no built site: run `make book` first"
    server = serve(HTML)
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
