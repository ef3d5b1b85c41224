package main

import (
	"image"
	"image/color"
	"image/draw"

	"golang.org/x/image/vector"
)

// A shape draws one closed outline.
type shape func(*pen)

// pen draws in the units of side, whatever the size of the picture.
type pen struct {
	raster *vector.Rasterizer
	scale  float32
}

func (p *pen) move(x, y float32) { p.raster.MoveTo(x*p.scale, y*p.scale) }

func (p *pen) line(x, y float32) { p.raster.LineTo(x*p.scale, y*p.scale) }

func (p *pen) curve(bx, by, cx, cy, dx, dy float32) {
	s := p.scale
	p.raster.CubeTo(bx*s, by*s, cx*s, cy*s, dx*s, dy*s)
}

// canvas is a picture that is filled shape by shape.
type canvas struct {
	pixels *image.RGBA
}

func newCanvas(size int) canvas {
	return canvas{image.NewRGBA(image.Rect(0, 0, size, size))}
}

// fill paints the shapes in one colour over what is there.
func (c canvas) fill(with color.Color, shapes ...shape) {
	for _, s := range shapes {
		c.paint(c.pixels, s, image.NewUniform(with))
	}
}

// within returns the picture inside the shape; outside it is transparent.
func (c canvas) within(s shape) image.Image {
	cut := image.NewRGBA(c.pixels.Bounds())
	c.paint(cut, s, c.pixels)
	return cut
}

func (c canvas) paint(target draw.Image, s shape, source image.Image) {
	size := c.pixels.Bounds().Dx()
	p := &pen{raster: vector.NewRasterizer(size, size), scale: float32(size) / side}
	s(p)
	p.raster.ClosePath()
	p.raster.Draw(target, target.Bounds(), source, image.Point{})
}

// polygon returns the shape with corners at the x, y pairs given.
func polygon(points ...float32) shape {
	return func(p *pen) {
		p.move(points[0], points[1])
		for i := 2; i+1 < len(points); i += 2 {
			p.line(points[i], points[i+1])
		}
	}
}

// curve returns a shape whose upper edge is one Bézier curve through the first four pairs, closed by the lines to the
// remaining pairs.
func curve(ax, ay, bx, by, cx, cy, dx, dy float32, rest ...float32) shape {
	return func(p *pen) {
		p.move(ax, ay)
		p.curve(bx, by, cx, cy, dx, dy)
		for i := 0; i+1 < len(rest); i += 2 {
			p.line(rest[i], rest[i+1])
		}
	}
}

// rounded returns a rectangle with corners of the radius given; half the side makes a circle.
func rounded(x, y, width, height, radius float32) shape {
	const k = 0.5523 // where a Bézier curve comes nearest to a quarter of a circle
	right, bottom, inset := x+width, y+height, radius*(1-k)
	return func(p *pen) {
		p.move(x+radius, y)
		p.line(right-radius, y)
		p.curve(right-inset, y, right, y+inset, right, y+radius)
		p.line(right, bottom-radius)
		p.curve(right, bottom-inset, right-inset, bottom, right-radius, bottom)
		p.line(x+radius, bottom)
		p.curve(x+inset, bottom, x, bottom-inset, x, bottom-radius)
		p.line(x, y+radius)
		p.curve(x, y+inset, x+inset, y, x+radius, y)
	}
}
