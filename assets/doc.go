// Package assets embeds what the programs carry with them: fonts, forms, the icon.
package assets
