package api

import (
	"errors"
	"time"
)

var errNotTime = errors.New("not an ISO 8601 time")

// parseTime reads a time as clients write it: any form of ISO 8601 with a calendar or week date, basic or extended, the date
// alone or with a time behind any one character, with an offset, Z or neither, which means UTC. The result is in UTC and
// has microseconds, as the database keeps them.
func parseTime(text string) (time.Time, error) {
	p := timeParser{text: text}
	year, month, day := p.date()
	if p.failed {
		return time.Time{}, errNotTime
	}
	var clock clock
	if p.rest() > 0 {
		p.pos++ // T, a blank, or whatever stands between
		clock = p.clock()
		if p.failed || p.rest() > 0 {
			return time.Time{}, errNotTime
		}
	}
	t := time.Date(year, time.Month(month), day, clock.hour, clock.minute, clock.second, clock.nano, time.UTC)
	t = t.Add(-clock.offset).Truncate(time.Microsecond)
	if t.Year() < 1 || t.Year() > 9999 {
		return time.Time{}, errNotTime // could not be written back in four digits
	}
	return t, nil
}

type clock struct {
	hour, minute, second, nano int
	offset                     time.Duration
}

type timeParser struct {
	text   string
	pos    int
	failed bool
}

func (p *timeParser) rest() int { return len(p.text) - p.pos }

func (p *timeParser) peek() byte {
	if p.rest() > 0 {
		return p.text[p.pos]
	}
	return 0
}

func (p *timeParser) skip(c byte) bool {
	if p.peek() == c {
		p.pos++
		return true
	}
	return false
}

// number reads exactly n digits.
func (p *timeParser) number(n int) int {
	if p.rest() < n {
		p.failed = true
		return 0
	}
	value := 0
	for range n {
		c := p.text[p.pos]
		if c < '0' || c > '9' {
			p.failed = true
			return 0
		}
		value = value*10 + int(c-'0')
		p.pos++
	}
	return value
}

func (p *timeParser) date() (year, month, day int) {
	year = p.number(4)
	extended := p.skip('-')
	if p.skip('W') {
		return p.week(year, extended)
	}
	month = p.number(2)
	if extended && !p.skip('-') {
		p.failed = true
	}
	day = p.number(2)
	if year < 1 || month < 1 || month > 12 || day < 1 || day > 31 {
		p.failed = true
	}
	// Day 31 of a month of 30 is found by whoever makes a time of it.
	if !p.failed && time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC).Day() != day {
		p.failed = true
	}
	return year, month, day
}

// week reads what follows the W of a week date: the week, and the day of the week, which may be left out.
func (p *timeParser) week(year int, extended bool) (int, int, int) {
	week, day := p.number(2), 1
	if extended {
		if p.skip('-') {
			day = p.number(1)
		}
	} else if c := p.peek(); c >= '0' && c <= '9' {
		day = p.number(1)
	}
	if p.failed || year < 1 || week < 1 || week > 53 || day < 1 || day > 7 {
		p.failed = true
		return 0, 0, 0
	}
	// The 4th of January is always in the first week.
	fourth := time.Date(year, time.January, 4, 0, 0, 0, 0, time.UTC)
	monday := fourth.AddDate(0, 0, -(int(fourth.Weekday())+6)%7)
	t := monday.AddDate(0, 0, (week-1)*7+day-1)
	if y, w := t.ISOWeek(); y != year || w != week {
		p.failed = true // a year of 52 weeks has no 53rd
	}
	return t.Year(), int(t.Month()), t.Day()
}

func (p *timeParser) clock() clock {
	var c clock
	c.hour, c.minute, c.second, c.nano = p.timeOfDay()
	if c.hour == 24 {
		p.failed = p.failed || c.minute > 0 || c.second > 0 || c.nano > 0
	}
	if c.hour > 24 || c.minute > 59 || c.second > 59 {
		p.failed = true
	}
	switch {
	case p.failed || p.rest() == 0:
		return c
	case p.skip('Z') || p.skip('z'):
		return c
	case p.peek() != '+' && p.peek() != '-':
		p.failed = true
		return c
	}
	negative := p.peek() == '-'
	p.pos++
	hour, minute, second, nano := p.timeOfDay()
	if hour > 23 || minute > 59 || second > 59 {
		p.failed = true
	}
	c.offset = time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second + time.Duration(nano)
	if negative {
		c.offset = -c.offset
	}
	return c
}

// timeOfDay reads HH[[:]MM[[:]SS[.fraction]]]; the colons are all there or all missing.
func (p *timeParser) timeOfDay() (hour, minute, second, nano int) {
	hour = p.number(2)
	extended := p.peek() == ':'
	more := func() bool {
		if extended {
			return p.skip(':')
		}
		c := p.peek()
		return c >= '0' && c <= '9'
	}
	if !more() {
		return hour, 0, 0, 0
	}
	minute = p.number(2)
	if !more() {
		return hour, minute, 0, 0
	}
	second = p.number(2)
	if p.failed || (!p.skip('.') && !p.skip(',')) {
		return hour, minute, second, 0
	}
	start := p.pos
	for scale := int(time.Second / 10); p.rest() > 0 && p.peek() >= '0' && p.peek() <= '9'; scale /= 10 {
		nano += int(p.peek()-'0') * scale
		p.pos++
	}
	if p.pos == start {
		p.failed = true
	}
	return hour, minute, second, nano
}
