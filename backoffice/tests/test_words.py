"""The admin's own words, which come from Django and django-unfold, in Portuguese."""

import pytest
from django.test import Client

from orders.catalogue import install_default_catalogue
from orders.models import ShopSettings


@pytest.mark.parametrize(
    ("page", "portuguese", "foreign"),
    [
        ("orders/order/", 'placeholder="Escreva para pesquisar"', "Type to search"),
        ("orders/order/", "Filtros", ">Filtra<"),
        ("orders/product/", "Executar", ">Run<"),
        ("", "Do sistema", ">System<"),
        ("orders/shopsettings/1/change/", "Histórico", "História"),
        ("password_reset/", "Recuperar a palavra-passe", "Palavra-passe de reinicialização"),
    ],
)
def test_the_admin_speaks_portuguese_where_its_theme_does_not(
    owner_client: Client, page: str, portuguese: str, foreign: str
) -> None:
    install_default_catalogue()
    ShopSettings.objects.create(pk=1)
    html = owner_client.get(f"/admin/{page}", headers={"accept-language": "pt"}).content.decode()
    joined = " ".join(html.split()).replace("> ", ">").replace(" <", "<")
    assert portuguese in joined
    assert foreign not in joined
