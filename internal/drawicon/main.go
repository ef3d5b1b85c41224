// Command drawicon draws the product's icon: a house on a green field with the path that leads to its door.
package main

import (
	"flag"
	"fmt"
	"image/png"
	"os"
)

func main() {
	size := flag.Int("size", 512, "width and height in pixels")
	out := flag.String("o", "assets/icon/Icon.png", "the PNG to write")
	flag.Parse()
	if err := write(*out, *size); err != nil {
		fmt.Fprintln(os.Stderr, "drawicon:", err)
		os.Exit(1)
	}
}

// write draws the icon at the size given and stores it at path.
func write(path string, size int) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := png.Encode(file, icon(size)); err != nil {
		_ = file.Close()
		return fmt.Errorf("encode %s: %w", path, err)
	}
	return file.Close()
}
