"""Pages that say something about the shop itself: its legal texts, its colours, its logo."""

import mimetypes
import re

import structlog
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from orders import legal as texts
from orders import theme as themes
from orders.models import LegalDocument, ShopSettings
from uploads import storage

log = structlog.get_logger(__name__)

BOLD = re.compile(r"\*\*(.+?)\*\*")
POSTAL_CODE = re.compile(r"(?<![\w/.-])\d{4}-\d{3}(?![\w/-])", re.ASCII)
LINK = re.compile(
    r"\b(?:https?://|www\.)[^\s<>\"]*[\w/]|\b[\w.+-]+@[\w-]+\.[\w.-]*\w", re.ASCII
)  # no full stop at the end


@require_safe
def legal(request: HttpRequest, kind: str, version: str = "") -> HttpResponse:
    """The text that holds now, or an older version of it (P1)."""
    if kind not in LegalDocument.Kind.values:
        raise Http404
    every = list(texts.published().filter(kind=kind).order_by("-published_at", "-pk"))
    document = next((found for found in every if not version or found.version == version), None)
    if document is None and (version or every):
        raise Http404
    context = {
        "document": document,
        "title": LegalDocument.Kind(kind).label,
        "body": markup(texts.text(document, ShopSettings.load())) if document else "",
        "current": document is None or document == every[0],
        "others": [found for found in every if found != document],
    }
    return render(request, "orders/legal.html", context)


def legal_preview(request: HttpRequest, document: LegalDocument) -> HttpResponse:
    """A text as customers will read it from its hour on. The admin asks who may see it."""
    context = {
        "document": document,
        "title": document.get_kind_display(),
        "body": markup(texts.text(document, ShopSettings.load())),
        "current": True,
        "planned": not texts.published().contains(document),
    }
    return render(request, "orders/legal.html", context)


@require_safe
@cache_control(public=True, max_age=300)
def theme(request: HttpRequest) -> HttpResponse:
    return HttpResponse(themes.stylesheet(ShopSettings.load().colour), content_type="text/css; charset=utf-8")


@require_safe
def logo(request: HttpRequest) -> HttpResponse:
    """The studio's logo. While S3 is away the page goes without it, and asks again next time: 503 is not kept."""
    shop = get_object_or_404(ShopSettings, pk=1)
    if not shop.logo:
        raise Http404
    name = str(shop.logo.name)
    try:
        data = storage.read(name)
    except storage.ObjectMissing as missing:
        raise Http404(name) from missing
    except storage.StorageError as error:
        log.warning("logo_unavailable", error=type(error).__name__)
        return HttpResponse(status=503, headers={"Retry-After": "60", "Cache-Control": "no-store"})
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return HttpResponse(data, content_type=kind, headers={"Cache-Control": "public, max-age=300"})


def markup(text: str) -> SafeString:
    """A plain text as HTML: blank lines part paragraphs, "## " and "### " begin headings, "- " a list, **bold**;
    addresses of pages and mail become links. Nothing else."""
    blocks = (block.strip() for block in text.replace("\r\n", "\n").split("\n\n"))
    return mark_safe("\n".join(_block(block) for block in blocks if block))  # noqa: S308 - _block escapes every line


def _block(block: str) -> str:
    lines = [_line(line.strip()) for line in block.split("\n") if line.strip()]
    if lines[0].startswith("#"):
        tag = "h3" if lines[0].startswith("###") else "h2"
        heading = f"<{tag}>{lines[0].lstrip('# ')}</{tag}>"
        return heading + (_paragraphs(lines[1:]) if lines[1:] else "")
    return _paragraphs(lines)


def _line(line: str) -> str:
    """With its links, and postal codes kept on one line."""
    line = POSTAL_CODE.sub(r'<span class="whole">\g<0></span>', str(escape(line)))
    return LINK.sub(_link, BOLD.sub(r"<strong>\1</strong>", line))


def _link(found: re.Match[str]) -> str:
    """Of escaped text."""
    text = found.group()
    start = "https://" if text.startswith("www.") else "" if text.startswith("http") else "mailto:"
    return f'<a href="{start}{text}">{text}</a>'


def _paragraphs(lines: list[str]) -> str:
    if all(line.startswith("- ") for line in lines):
        return "<ul>" + "".join(f"<li>{line[2:]}</li>" for line in lines) + "</ul>"
    return f"<p>{'<br>'.join(lines)}</p>"
