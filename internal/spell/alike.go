package spell

import (
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Likeness says how alike two names are. The higher, the more.
type Likeness uint8

// Likenesses.
const (
	Unlike    Likeness = iota
	OneOff             // one character is another: 张建国 and 张建园; or one stands for a character that could not be typed
	Homophone          // said alike: 王芳 and 王方
	Same               // the same characters, variants taken for one: 𠮷 and 吉
)

// leastForOneOff is how many characters a name has at least before one of them may be another: of two, half of the name
// would be.
const leastForOneOff = 3

// Likeness compares two names. It says the same of both orders.
func (b *Book) Likeness(x, y string) Likeness {
	one, other := []rune(Plain(x)), []rune(Plain(y))
	if len(one) != len(other) || len(one) == 0 {
		return Unlike
	}
	if slices.Equal(one, other) {
		return Same
	}
	differ, placeholders := 0, 0
	for i := range one {
		if one[i] != other[i] {
			differ++
			if strings.ContainsRune(stopgaps, one[i]) || strings.ContainsRune(stopgaps, other[i]) {
				placeholders++
			}
		}
	}
	switch {
	case b.soundAlike(string(one), string(other)):
		return Homophone
	case differ == 1 && (len(one) >= leastForOneOff || placeholders == 1 && len(one) > 1):
		return OneOff
	}
	return Unlike
}

// soundAlike reports whether two names of equal length can be said alike.
func (b *Book) soundAlike(x, y string) bool {
	one, other := b.Spell(nil, x), b.Spell(nil, y)
	for i := range one {
		a, c := &b.glyphs[one[i]], &b.glyphs[other[i]]
		if a.char != c.char && !slices.ContainsFunc(a.readings, func(said string) bool { return slices.Contains(c.readings, said) }) {
			return false
		}
	}
	return true
}

// stopgaps are what people type for a character they cannot type.
const stopgaps = "〓□■?*※"

// Plain returns a name as Likeness compares it: folded, without the dots of longer names, variants taken for one.
func Plain(name string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '·', '•', '・', '‧', '.':
			return -1
		}
		if usual, ok := variants[r]; ok {
			return usual
		}
		return r
	}, Fold(norm.NFC.String(name)))
}

// variants are characters of names that another writer, or an older computer, gives in another form: what a rare
// character is simplified to, and the traditional and old forms that old registers keep.
var variants = variantsOf("" +
	"𠮷吉 喆哲 堃坤 昇升 甯宁 寧宁 濬浚 珮佩 峯峰 崐昆 崑昆 崙仑 " +
	"勳勋 勲勋 煕熙 叡睿 淸清 靑青 眞真 髙高 啓启 啟启 邨村 祕秘 " +
	"龢和 徳德 恆恒 晉晋 龑䶮 頔𬱖 鎔镕 熔镕 瑠琉 璿璇 琁璇 嶽岳 " +
	"菓果 栢柏 筍笋 陞升 囯国 國国 圀国 囻国 亞亚 産产 產产 羣群 " +
	"裏里 裡里 牀床 鑑鉴 鑒鉴 曁暨 旾春 萅春 穐秋 秌秋 張张 陳陈 " +
	"劉刘 楊杨 趙赵 黃黄 吳吴 呉吴 孫孙 馬马 羅罗 鄭郑 謝谢 韓韩 " +
	"馮冯 蕭萧 肖萧 葉叶 蘇苏 呂吕 盧卢 蔣蒋 賈贾 閻阎 閆闫 阎闫 " +
	"餘余 鄧邓 許许 龍龙 萬万 錢钱 顧顾 龔龚 賴赖 凃涂 塗涂 傅付 " +
	"戴代 鍾钟 鐘钟 範范 蘭兰 鳳凤 華华 貴贵 軍军 偉伟 傑杰 強强 " +
	"慶庆 愛爱 義义 興兴 雲云 電电 飛飞 麗丽 榮荣 寶宝 寳宝 連连 " +
	"運运 銀银 鐵铁 長长 門门 開开 陽阳 順顺 壽寿 夢梦 學学 嬌娇 " +
	"岡冈 島岛 廣广 後后 從从 應应 懷怀 戰战 揚扬 時时 曉晓 東东 " +
	"業业 樹树 櫻樱 權权 歐欧 歲岁 氣气 漢汉 澤泽 濤涛 烏乌 煥焕 " +
	"爾尔 獻献 瑩莹 環环 發发 眾众 碩硕 禮礼 穀谷 節节 紅红 純纯 " +
	"紹绍 維维 綠绿 縣县 織织 繼继 聖圣 聯联 聰聪 膚肤 藝艺 蓮莲 " +
	"衛卫 衞卫 親亲 計计 誌志 詩诗 誠诚 調调 論论 謙谦 譚谭 讓让 " +
	"貞贞 財财 賓宾 賢贤 賀贺 輝辉 轉转 達达 遠远 鄉乡 鈞钧 鋼钢 " +
	"錦锦 鎮镇 閔闵 隊队 雙双 雞鸡 靈灵 靜静 頂顶 項项 須须 願愿 " +
	"顏颜 類类 駱骆 駿骏 鵬鹏 鶴鹤 麥麦 齊齐 龐庞")

// variantsOf maps the first character of each pair to the second.
func variantsOf(pairs string) map[rune]rune {
	usual := map[rune]rune{}
	for pair := range strings.FieldsSeq(pairs) {
		chars := []rune(pair)
		usual[chars[0]] = chars[1]
	}
	for from, to := range usual {
		if further, ok := usual[to]; ok {
			usual[from] = further
		}
	}
	return usual
}
