package tokens

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/catalog"
)

// chart is calls by day as a drawing of stacked bars, with the same numbers as a table.
type chart struct {
	Width, Height int
	Bars          []bar
	Series        []series
	Most          int64 // requests on the busiest day
	From, To      time.Time
	Days          []chartDay // those with requests, the latest first
	Total         int
	Refused       int64
}

// bar is a part of one day's bar: a rectangle in the units of the drawing.
type bar struct {
	X, Y, W, H int
	Series     int
	Title      string
}

// series is one operation of the chart, or all that have no place of their own, or what was refused.
type series struct {
	Index int
	Name  string
	Count int64
}

// chartDay is a line of the table.
type chartDay struct {
	Day    time.Time
	Counts []int64 // in the order of the series
}

// The drawing's measures, and how many operations have a colour of their own.
const (
	chartHeight  = 120
	barWidth     = 16
	barGap       = 4
	ownSeries    = 4
	seriesOther  = ownSeries
	seriesRefuse = ownSeries + 1
)

// drawn makes the chart of the last days, today among them.
func drawn(calls []access.Calls, now time.Time, days int) chart {
	today := now.UTC().Truncate(24 * time.Hour)
	c := chart{Width: days*(barWidth+barGap) - barGap, Height: chartHeight, From: today.AddDate(0, 0, 1-days), To: today}
	totals := map[*catalog.Operation]int64{}
	for _, one := range calls {
		totals[one.Operation] += one.Count
		c.Total += int(one.Count)
		c.Refused += one.Refused
	}
	ranked := slices.SortedFunc(maps.Keys(totals), func(a, b *catalog.Operation) int {
		return cmp.Or(cmp.Compare(totals[b], totals[a]), cmp.Compare(operationName(a), operationName(b)))
	})
	ranked = slices.DeleteFunc(ranked, func(op *catalog.Operation) bool { return totals[op] == 0 })
	place := map[*catalog.Operation]int{}
	all := [seriesRefuse + 1]series{}
	for i, op := range ranked {
		if i < ownSeries {
			place[op], all[i] = i, series{i, operationName(op), totals[op]}
		} else {
			place[op] = seriesOther
			all[seriesOther] = series{seriesOther, "other operations", all[seriesOther].Count + totals[op]}
		}
	}
	all[seriesRefuse] = series{seriesRefuse, "refused", c.Refused}

	byDay := map[time.Time]*[seriesRefuse + 1]int64{}
	for _, one := range calls {
		day := byDay[one.Day]
		if day == nil {
			day = new([seriesRefuse + 1]int64)
			byDay[one.Day] = day
		}
		if one.Count > 0 {
			day[place[one.Operation]] += one.Count
		}
		day[seriesRefuse] += one.Refused
	}
	for _, counts := range byDay {
		c.Most = max(c.Most, sum(counts[:]))
	}
	shown := []int{}
	for i, s := range all {
		if s.Count > 0 {
			c.Series, shown = append(c.Series, s), append(shown, i)
		}
	}
	for _, day := range slices.Backward(slices.SortedFunc(maps.Keys(byDay), time.Time.Compare)) {
		counts := byDay[day]
		line := chartDay{Day: day}
		for _, i := range shown {
			line.Counts = append(line.Counts, counts[i])
		}
		c.Days = append(c.Days, line)
		c.draw(day, counts[:], all[:])
	}
	return c
}

// draw adds the bar of a day. What is there at all is at least a unit high.
func (c *chart) draw(day time.Time, counts []int64, all []series) {
	x := int(day.Sub(c.From)/(24*time.Hour)) * (barWidth + barGap)
	y := chartHeight
	for i, n := range counts {
		if n == 0 {
			continue
		}
		h := max(2, int(n*(chartHeight-2*int64(len(counts)))/c.Most))
		y -= h
		c.Bars = append(c.Bars, bar{x, y, barWidth, h, i, fmt.Sprintf("%s: %s, %d", day.Format("2 January"), all[i].Name, n)})
	}
}

func sum(all []int64) (n int64) {
	for _, one := range all {
		n += one
	}
	return n
}

// operationName is an operation as pail token show has it.
func operationName(op *catalog.Operation) string {
	if op == nil {
		return "no operation"
	}
	if name := op.GitName(); name != "" {
		return name
	}
	return op.Method + " /2.0" + op.Template
}
