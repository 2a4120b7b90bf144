"""The picture of how kept bytes have come together."""

from light_snapshot_dashboard import growth

DAY = 86400


def test_nothing_to_draw():
    for sizes in ([], [(5, 100)], [(5, 0), (6, 0)], [(7, 1), (7, 2)]):
        assert not growth.Growth(sizes, 7).drawn


def test_line_goes_up_by_each_size_at_its_time():
    drawn = growth.Growth([(DAY, 300), (0, 100)], 2 * DAY)
    assert drawn.drawn and (drawn.total, drawn.count, drawn.begin, drawn.end) == (400, 2, 0, 2 * DAY)
    middle = (growth.LEFT + growth.RIGHT) / 2.0
    quarter = growth.BOTTOM - (growth.BOTTOM - growth.TOP) / 4.0
    assert drawn.line() == 'M %d %d H %.1f V %.1f H %.1f V %.1f H %d' % (
        growth.LEFT, growth.BOTTOM, growth.LEFT, quarter, middle, growth.TOP, growth.RIGHT)
    assert drawn.area() == drawn.line() + ' V %d Z' % growth.BOTTOM


def test_clock_that_was_ahead():
    assert growth.Growth([(0, 1), (9, 1)], 5).end == 9


def test_line_stays_short_however_many_there_are():
    many = growth.Growth([(number, 1) for number in range(100000)], 100000)
    assert len(many.steps()) <= growth.RIGHT - growth.LEFT
    assert many.steps()[-1][1] == 100000 and len(many.line()) < 10000


def test_rows():
    assert growth.Growth([(1, 10), (3, 5), (3, 1)], 9).rows() == [(1, 1, 10), (3, 3, 16)]
    rows = growth.Growth([(number, 2) for number in range(100)], 99).rows()
    assert len(rows) == growth.MOST_ROWS and rows[-1] == (99, 100, 200)
    assert [count for _moment, count, _size in rows] == sorted(count for _moment, count, _size in rows)
