"""For templates: `{% appearance as site %}`, also where a page is rendered without a request."""

from django import template

from scores.pages.branding import Appearance, describe_site

register = template.Library()


@register.simple_tag
def appearance() -> Appearance:
    """Give what a template says of the site."""
    return describe_site()
