"""All pages of a node, as the routes that `rpc.server.Server` takes."""

from web.bridge import BridgePage
from web.dashboard import Dashboard
from web.disputes import DisputePages
from web.explorer import Explorer
from web.known import known_abi
from web.samples import Sampler
from web.site import Page, Site


def pages_of(site: Site, sampler: Sampler) -> dict[str, Page]:
    """Every GET route. `sampler` is to run as long as they are served."""
    routes = {
        **Explorer(site).pages(),
        **Dashboard(site, sampler).pages(),
        **BridgePage(site).pages(),
        **(DisputePages(site, site.ask).pages() if site.options.has_disputes else {}),
        "/web/known.json": known_abi(site),
    }
    guarded = {path: site.guarded(page) for path, page in routes.items()}
    return {"/": site.root, **guarded, "/web/{name}": site.static}
