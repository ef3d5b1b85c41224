package township

import "math/rand/v2"

// Surnames by rough frequency: the list repeats the common ones.
var surnames = []string{
	"王", "王", "王", "李", "李", "李", "张", "张", "张", "刘", "刘", "陈", "陈", "杨", "杨", "赵", "黄", "周", "吴",
	"徐", "孙", "胡", "朱", "高", "林", "何", "郭", "马", "罗", "梁", "宋", "郑", "谢", "韩", "唐", "冯", "于", "董",
	"萧", "程", "曹", "袁", "邓", "许", "傅", "沈", "曾", "彭", "吕", "单", "查", "仇", "解", "任", "盖", "区", "乐",
	"欧阳", "上官", "司马", "诸葛", "尉迟", "皇甫", "令狐", "夏侯",
}

// Characters of given names, with some that are polyphonic (乐, 行, 重) so that searching by pinyin has work to do.
var givenCharacters = []rune("" +
	"国建志明文永海军华平福贵春秋生根土金银水木林森山石青松柏梅兰竹菊荷花桂英秀珍玉芳芬萍燕霞云雪月红翠凤仙" +
	"德义仁礼信忠孝友善祥瑞庆丰年有余富强胜利和顺安康宁静淑贤惠敏慧思远家宝长发财旺盛才俊杰伟宏大立新民乐行重")

// rareCharacters lie outside GB 2312, two of them beyond the Basic Multilingual Plane.
var rareCharacters = []rune("𬱖㛃䶮𠮷")

// rareEvery says how often a given name has a rare character: an office meets one on nearly every page.
const rareEvery = 35

// person invents a name. The n-th person of a township gets a rare character when n is due.
func person(r *rand.Rand, n int) string {
	name := pick(r, surnames)
	if n%rareEvery == rareEvery-1 {
		return name + string(rareCharacters[n/rareEvery%len(rareCharacters)])
	}
	name += string(pick(r, givenCharacters))
	if r.IntN(3) > 0 {
		name += string(pick(r, givenCharacters))
	}
	return name
}

// minorityNames have the middle dot and the length that break careless columns.
var minorityNames = []string{"阿依古丽·买买提", "迪丽努尔·阿卜杜拉", "次仁·卓玛央金"}

// Halves of village names; their combinations suffice for 256 villages.
var (
	villageFirst  = []string{"青塘", "石桥", "柳湾", "大坪", "杏坞", "双河", "松岗", "白沙", "新庄", "东岭", "下渡", "观音", "龙泉", "竹溪", "枫林", "长冲"}
	villageSecond = []string{"", "上", "下", "东", "西", "南", "北", "中", "前", "后", "新", "老", "大", "小", "外", "里"}
)

func villageName(n int) string {
	first, second := villageFirst[n%len(villageFirst)], villageSecond[n/len(villageFirst)%len(villageSecond)]
	return second + first + "村"
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }
