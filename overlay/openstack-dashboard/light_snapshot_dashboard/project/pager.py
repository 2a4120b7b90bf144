"""The line below a long table that leads to its other pages."""


def pager(words, number, count, address, more=()):
    """What `_pager.html` draws.

    :param words: what is on this page
    :param number: of this page, from 1; None: all is on it
    :param count: how many pages there are
    :param address: gives the address of a page by its number
    :param more: (address, name) of further links
    """
    return {
        'words': words, 'more': more,
        'before': address(number - 1) if number and number > 1 else None,
        'after': address(number + 1) if number and number < count else None,
    }
