package xpath

import "math"

var dateFunctions = map[string]*function{
	"now":               {0, 0, false, false, func(f *frame, _ []expr) any { return Moment{f.now().Time, false} }},
	"today":             {0, 0, false, false, func(f *frame, _ []expr) any { return Moment{midnight(f.now().Time), true} }},
	"date":              {1, 1, false, false, date},
	"date-time":         {1, 1, false, false, date},
	"decimal-date-time": {1, 1, false, false, decimalDateTime},
	"decimal-time":      {1, 1, false, false, decimalTime},
	"format-date":       {2, 2, false, false, formatDate},
	"format-date-time":  {2, 2, false, false, formatDate},
}

func (f *frame) now() Moment {
	if f.ctx.Now == nil {
		fail("这里没有时钟")
	}
	return Moment{Time: f.ctx.Now()}
}

// date converts to a date; what is no date stays the text it is, which no date equals.
func date(f *frame, args []expr) any {
	v := args[0].eval(f)
	if m, ok := moment(v, f); ok {
		return m
	}
	return ""
}

func decimalDateTime(f *frame, args []expr) any {
	if m, ok := moment(args[0].eval(f), f); ok {
		return m.days()
	}
	return math.NaN()
}

// decimalTime returns the fraction of the local day that a time of day is.
func decimalTime(f *frame, args []expr) any {
	since, offset, ok := parseClock(toString(args[0].eval(f)))
	if !ok {
		return math.NaN()
	}
	if offset != nil {
		_, zone := f.zoneTime().Zone()
		since += -*offset + durationOfSeconds(zone)
	}
	fraction := float64(since) / float64(dayLength)
	return fraction - math.Floor(fraction)
}

func formatDate(f *frame, args []expr) any {
	m, ok := moment(args[0].eval(f), f)
	if !ok {
		return ""
	}
	return formatMoment(m, toString(args[1].eval(f)), f)
}

var mathFunctions = map[string]*function{
	"pi":     {0, 0, false, false, func(*frame, []expr) any { return math.Pi }},
	"abs":    {1, 1, false, false, ofNumber(math.Abs)},
	"int":    {1, 1, false, false, ofNumber(math.Trunc)},
	"sqrt":   {1, 1, false, false, ofNumber(math.Sqrt)},
	"exp":    {1, 1, false, false, ofNumber(math.Exp)},
	"exp10":  {1, 1, false, false, ofNumber(func(n float64) float64 { return math.Pow(10, n) })},
	"log":    {1, 1, false, false, ofNumber(math.Log)},
	"log10":  {1, 1, false, false, ofNumber(math.Log10)},
	"sin":    {1, 1, false, false, ofNumber(math.Sin)},
	"cos":    {1, 1, false, false, ofNumber(math.Cos)},
	"tan":    {1, 1, false, false, ofNumber(math.Tan)},
	"asin":   {1, 1, false, false, ofNumber(math.Asin)},
	"acos":   {1, 1, false, false, ofNumber(math.Acos)},
	"atan":   {1, 1, false, false, ofNumber(math.Atan)},
	"atan2":  {2, 2, false, false, ofNumbers(math.Atan2)},
	"pow":    {2, 2, false, false, ofNumbers(math.Pow)},
	"min":    {0, -1, false, false, extreme(math.Min)},
	"max":    {0, -1, false, false, extreme(math.Max)},
	"random": {0, 0, true, false, random},
}

func ofNumbers(fn func(x, y float64) float64) func(*frame, []expr) any {
	return func(f *frame, args []expr) any { return fn(toNumber(args[0].eval(f), f), toNumber(args[1].eval(f), f)) }
}

// extreme picks among numbers and the nodes of node-sets. It is NaN when there is none or one is no number.
func extreme(pick func(x, y float64) float64) func(*frame, []expr) any {
	return func(f *frame, args []expr) any {
		best, first := math.NaN(), true
		for _, a := range args {
			for _, v := range spread(a.eval(f)) {
				n := toNumber(v, f)
				if !first {
					n = pick(best, n)
				}
				best, first = n, false
			}
		}
		return best
	}
}

func random(f *frame, _ []expr) any {
	if f.ctx.Random == nil {
		fail("这里没有随机数")
	}
	return f.ctx.Random()
}
