"""HTML as a browser sees it, as far as the tests look: elements, their attributes and their text."""

try:
    from html.parser import HTMLParser
except ImportError:
    from HTMLParser import HTMLParser

VOID = ('area', 'base', 'br', 'col', 'hr', 'img', 'input', 'link', 'meta')


class Element(object):
    def __init__(self, tag, attributes, parent):
        self.tag, self.attributes, self.parent = tag, dict(attributes), parent
        self.parts = []

    def __getitem__(self, name):
        return self.attributes[name]

    def get(self, name):
        return self.attributes.get(name)

    @property
    def classes(self):
        return (self.get('class') or '').split()

    @property
    def text(self):
        """All text in it; blanks, which may be ones that do not break, as one each."""
        return u' '.join(u''.join(self._texts()).split())

    def _texts(self):
        for part in self.parts:
            if isinstance(part, Element):
                for text in part._texts():
                    yield text
            else:
                yield part

    def all(self, tag=None, cls=None, **attributes):
        """The elements in it, in order; an underscore in an attribute's name stands for a hyphen."""
        wanted = dict((name.replace('_', '-'), value) for name, value in attributes.items())
        for part in self.parts:
            if not isinstance(part, Element):
                continue
            if tag in (None, part.tag) and (cls is None or cls in part.classes) and all(
                    part.get(name) == value for name, value in wanted.items()):
                yield part
            for inner in part.all(tag, cls, **attributes):
                yield inner

    def one(self, tag=None, cls=None, **attributes):
        found = list(self.all(tag, cls, **attributes))
        assert len(found) == 1, '%d of %s %s %s' % (len(found), tag, cls, attributes)
        return found[0]

    def heads(self):
        """The cells above a table's columns: of the last of the head's rows, as Horizon 8 has the buttons in one, and no class."""
        return list(list(self.one('thead').all('tr'))[-1].all('th'))

    def has(self, tag=None, cls=None, **attributes):
        return any(True for _found in self.all(tag, cls, **attributes))


class _Parser(HTMLParser):
    def __init__(self):
        HTMLParser.__init__(self)
        self.root = self.here = Element('', (), None)

    def handle_starttag(self, tag, attributes):
        element = Element(tag, attributes, self.here)
        self.here.parts.append(element)
        if tag not in VOID:
            self.here = element

    def handle_startendtag(self, tag, attributes):
        self.here.parts.append(Element(tag, attributes, self.here))

    def handle_endtag(self, tag):
        place = self.here
        while place is not None and place.tag != tag:
            place = place.parent
        if place is not None and place.parent is not None:
            self.here = place.parent

    def handle_data(self, data):
        self.here.parts.append(data)

    def handle_entityref(self, name):       # Python 2
        try:
            from htmlentitydefs import name2codepoint
        except ImportError:
            from html.entities import name2codepoint
        self.here.parts.append(u'%c' % name2codepoint[name])

    def handle_charref(self, name):         # Python 2
        self.here.parts.append(u'%c' % (int(name[1:], 16) if name[0] in 'xX' else int(name)))


def parse(response):
    """The root of a response's page, or of a text."""
    text = response if not hasattr(response, 'content') else response.content.decode('utf-8')
    parser = _Parser()
    parser.feed(text)
    parser.close()
    return parser.root


def nameless(root):
    """The controls in it that no one who does not see them can tell apart: WCAG 4.1.2."""
    labelled = set(label.get('for') for label in root.all('label') if label.text)
    within = [control for label in root.all('label') if label.text for control in label.all()]
    for control in root.all():
        if control.tag in ('a', 'button'):
            named = control.text or control.get('aria-label') or control.get('title')
        elif control.tag in ('input', 'select', 'textarea') and control.get('type') not in ('hidden', 'submit'):
            named = control.get('aria-label') or control.get('id') in labelled or any(control is each for each in within)
        elif control.get('role') == 'progressbar':
            named = control.get('aria-label')
        else:
            continue
        if not named:
            yield control
