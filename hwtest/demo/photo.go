package demo

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
)

// photo makes a small picture: a disc on a coloured ground.
func (s *seeder) photo(asPNG bool) []byte {
	const size = 48
	shade := func() uint8 { return uint8(64 + s.rnd.IntN(160)) }
	ground := color.RGBA{shade(), shade(), shade(), 255}
	disc := color.RGBA{shade(), shade(), shade(), 255}
	img := image.NewRGBA(image.Rect(0, 0, size, size))
	for y := range size {
		for x := range size {
			c := ground
			if dx, dy := x-size/2, y-size/2; dx*dx+dy*dy < size*size/9 {
				c = disc
			}
			img.SetRGBA(x, y, c)
		}
	}
	var b bytes.Buffer
	// Writing to memory doesn't fail, and the picture is in range.
	if asPNG {
		_ = png.Encode(&b, img)
	} else {
		_ = jpeg.Encode(&b, img, &jpeg.Options{Quality: 70})
	}
	return b.Bytes()
}
