"""What may be asked of an address."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response
from litestar.routes import HTTPRoute


async def tell_methods(request: Request[Any, Any, Any]) -> Response[None] | None:
    """Answers OPTIONS with all methods of the address: Litestar's own answer knows the first handler's alone."""
    if request.method != "OPTIONS":
        return None
    template = request.scope.get("path_template")
    routes = [one for one in request.app.routes if isinstance(one, HTTPRoute)]
    methods = sorted({method for one in routes if template in (one.path, one.path_format) for method in one.methods})
    return Response(None, status_code=204, headers={"Allow": ", ".join(methods)})
