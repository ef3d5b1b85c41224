package xpath

import (
	"math"
	"slices"
	"strings"
)

var geoFunctions = map[string]*function{
	"area":       {1, 1, false, false, area},
	"distance":   {1, -1, false, false, distance},
	"geofence":   {2, 2, false, true, geofence},
	"intersects": {1, 1, false, true, intersects},
}

// earthRadius is the equatorial radius of WGS 84 in metres, which ODK clients calculate with.
const earthRadius = 6378100

type point struct{ lat, lon float64 }

// points reads a geopoint, geotrace or geoshape, or the geopoints of a node-set.
func points(v any) ([]point, bool) {
	var list []point
	for _, s := range texts(v) {
		for part := range strings.SplitSeq(s, ";") {
			if strings.TrimSpace(part) == "" {
				continue
			}
			p, ok := parsePoint(part)
			if !ok {
				return nil, false
			}
			list = append(list, p)
		}
	}
	return list, true
}

func parsePoint(s string) (point, bool) {
	words := strings.Fields(s)
	if len(words) < 2 || len(words) > 4 {
		return point{}, false
	}
	p := point{parseNumber(words[0]), parseNumber(words[1])}
	return p, math.Abs(p.lat) <= 90 && math.Abs(p.lon) <= 180
}

func radians(degrees float64) float64 { return degrees * math.Pi / 180 }

// area returns square metres on the sphere, to two decimals.
func area(f *frame, args []expr) any {
	list, ok := points(args[0].eval(f))
	if !ok || len(list) < 3 {
		return 0.0
	}
	total := 0.0
	for i, a := range list {
		b := list[(i+1)%len(list)]
		total += radians(b.lon-a.lon) * (2 + math.Sin(radians(a.lat)) + math.Sin(radians(b.lat)))
	}
	return math.Round(math.Abs(total*earthRadius*earthRadius/2)*100) / 100
}

// distance returns the metres along the points, to two decimals.
func distance(f *frame, args []expr) any {
	var list []point
	for _, a := range args {
		more, ok := points(a.eval(f))
		if !ok {
			return math.NaN()
		}
		list = append(list, more...)
	}
	total := 0.0
	for i := 1; i < len(list); i++ {
		total += between(list[i-1], list[i])
	}
	return math.Round(total*100) / 100
}

// between is the haversine distance.
func between(a, b point) float64 {
	dLat, dLon := radians(b.lat-a.lat), radians(b.lon-a.lon)
	h := math.Pow(math.Sin(dLat/2), 2) + math.Cos(radians(a.lat))*math.Cos(radians(b.lat))*math.Pow(math.Sin(dLon/2), 2)
	return 2 * earthRadius * math.Asin(math.Min(1, math.Sqrt(h)))
}

// geofence reports whether a point lies in a closed shape.
func geofence(f *frame, args []expr) any {
	at, ok := points(args[0].eval(f))
	shape, also := points(args[1].eval(f))
	if !ok || !also || len(at) != 1 || len(shape) < 4 || shape[0] != shape[len(shape)-1] {
		return false
	}
	inside, p := false, at[0]
	for i := 1; i < len(shape); i++ {
		a, b := shape[i-1], shape[i]
		if (a.lat > p.lat) != (b.lat > p.lat) && p.lon < (b.lon-a.lon)*(p.lat-a.lat)/(b.lat-a.lat)+a.lon {
			inside = !inside
		}
	}
	return inside
}

// intersects reports whether a line or the outline of a shape crosses or touches itself, other than where one segment ends
// and the next begins.
func intersects(f *frame, args []expr) any {
	line, ok := points(args[0].eval(f))
	if !ok {
		return false
	}
	line = slices.Compact(line)
	last := len(line) - 2 // the last segment's place
	f.spend(len(line) * len(line))
	for i := 0; i <= last; i++ {
		for j := i + 1; j <= last; j++ {
			a, b, c, d := line[i], line[i+1], line[j], line[j+1]
			switch {
			case j == i+1: // they share b: only doubling back touches
				if turn(a, b, d) == 0 && !onTheWay(a, b, d) {
					return true
				}
			case i == 0 && j == last && a == d: // the ends of a closed shape
			case cross(a, b, c, d):
				return true
			}
		}
	}
	return false
}

// turn is positive when c lies to one side of the line from a to b, negative on the other, and 0 on it.
func turn(a, b, c point) float64 {
	return (b.lon-a.lon)*(c.lat-a.lat) - (b.lat-a.lat)*(c.lon-a.lon)
}

// onTheWay reports whether b, on the line of a and c, lies between them.
func onTheWay(a, b, c point) bool {
	return (b.lon-a.lon)*(c.lon-b.lon)+(b.lat-a.lat)*(c.lat-b.lat) > 0
}

// cross reports whether the segments ab and cd have a point in common.
func cross(a, b, c, d point) bool {
	if (turn(a, b, c) > 0) != (turn(a, b, d) > 0) && (turn(c, d, a) > 0) != (turn(c, d, b) > 0) &&
		turn(a, b, c) != 0 && turn(a, b, d) != 0 && turn(c, d, a) != 0 && turn(c, d, b) != 0 {
		return true
	}
	return onSegment(a, b, c) || onSegment(a, b, d) || onSegment(c, d, a) || onSegment(c, d, b)
}

func onSegment(a, b, p point) bool {
	return turn(a, b, p) == 0 && p.lat >= min(a.lat, b.lat) && p.lat <= max(a.lat, b.lat) &&
		p.lon >= min(a.lon, b.lon) && p.lon <= max(a.lon, b.lon)
}
