package pim

import (
	"bytes"
	"encoding/base64"
	"image"
	_ "image/gif"  // formats of contact photos
	_ "image/jpeg" // the usual one
	_ "image/png"
	"math/bits"
	"strings"
)

// maxPixels bounds the pictures that are decoded for comparing: 16 megapixels.
const maxPixels = 16 << 20

// samePicture reports whether two pictures in base64 show the same: one is the other
// made smaller or compressed anew. What can't be decoded is compared by its bytes.
func samePicture(a, b string) bool {
	if a == "" || b == "" {
		return false
	}
	if a == b {
		return true
	}
	x, ok := pictureHash(a)
	y, ok2 := pictureHash(b)
	return ok && ok2 && bits.OnesCount64(x.rows^y.rows) <= 6 && bits.OnesCount64(x.columns^y.columns) <= 6 && x.near(&y)
}

// perceptual is what stays of a picture when it is made smaller or compressed anew:
// where it gets brighter from left to right and from top to bottom, in a grid of 8 by 8,
// and how bright and of what colour its quarters are.
type perceptual struct {
	rows, columns uint64
	quarters      [4][3]int // red, green, blue, 0 to 255
}

// near reports whether the colours are alike: two plain surfaces have no edges that
// could tell them apart.
func (p *perceptual) near(o *perceptual) bool {
	for q := range p.quarters {
		for c := range p.quarters[q] {
			if d := p.quarters[q][c] - o.quarters[q][c]; d > 20 || d < -20 {
				return false
			}
		}
	}
	return true
}

func pictureHash(data string) (p perceptual, ok bool) {
	raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(data, "="))
	if err != nil {
		return p, false
	}
	head, _, err := image.DecodeConfig(bytes.NewReader(raw))
	if err != nil || head.Width <= 0 || head.Height <= 0 || head.Width > maxPixels/head.Height {
		return p, false
	}
	img, _, err := image.Decode(bytes.NewReader(raw))
	if err != nil {
		return p, false
	}
	var cell [9][9]int
	for y := range 9 {
		for x := range 9 {
			c := mean(img, x, y, 9)
			cell[y][x] = (299*c[0] + 587*c[1] + 114*c[2]) / 1000
		}
	}
	const edge = 4 // what compression may change
	for y := range 8 {
		for x := range 8 {
			bit := uint64(1) << (8*y + x)
			if cell[y][x+1] > cell[y][x]+edge {
				p.rows |= bit
			}
			if cell[y+1][x] > cell[y][x]+edge {
				p.columns |= bit
			}
		}
	}
	for q := range p.quarters {
		p.quarters[q] = mean(img, q%2, q/2, 2)
	}
	return p, true
}

// mean is the mean colour of one cell of an n by n grid, from some of its pixels.
func mean(img image.Image, x, y, n int) (c [3]int) {
	b := img.Bounds()
	x0, x1 := b.Min.X+x*b.Dx()/n, b.Min.X+(x+1)*b.Dx()/n
	y0, y1 := b.Min.Y+y*b.Dy()/n, b.Min.Y+(y+1)*b.Dy()/n
	x1, y1 = max(x1, x0+1), max(y1, y0+1)
	stepX, stepY := max(1, (x1-x0)/16), max(1, (y1-y0)/16)
	count := 0
	for i := y0; i < y1; i += stepY {
		for j := x0; j < x1; j += stepX {
			r, g, b, _ := img.At(min(j, b.Max.X-1), min(i, b.Max.Y-1)).RGBA()
			c[0], c[1], c[2] = c[0]+int(r>>8), c[1]+int(g>>8), c[2]+int(b>>8)
			count++
		}
	}
	for i := range c {
		c[i] /= count
	}
	return c
}
