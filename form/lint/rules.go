package lint

import (
	"regexp"
	"slices"
	"strings"

	"zoucun/form/xlsform"
)

// Codes of findings. Codes are never given a new meaning; docs/forms.md lists them.
const (
	Branding     xlsform.Code = "ZC001"
	ForcedPhoto  xlsform.Code = "ZC002"
	Location     xlsform.Code = "ZC003"
	Eavesdrop    xlsform.Code = "ZC004"
	Religion     xlsform.Code = "ZC005"
	IdentityCard xlsform.Code = "ZC006"
	Sensitive    xlsform.Code = "ZC007"
	RatedSelf    xlsform.Code = "ZC008"
	Watching     xlsform.Code = "ZC009"
	Biometrics   xlsform.Code = "ZC010"
	Accused      xlsform.Code = "ZC011"
	ThinBasis    xlsform.Code = "ZC012"
	Unsealed     xlsform.Code = "ZC013"
	Leaking      xlsform.Code = "ZC014"
	County       xlsform.Code = "ZC900"
)

// place is where in an item a rule looks.
type place uint8

const (
	names   place = 1 << iota // the key of a question or choice
	labels                    // what people read of a question or group
	hints                     // what stands below it
	choices                   // the labels of choices
	notes                     // texts that take no answer
	asked   = names | labels
)

// rule refuses words. A question with a basis may have what a rule with excusable refuses.
type rule struct {
	code      xlsform.Code
	where     place
	words     []string // anywhere in a text, punctuation aside
	whole     []string // a choice's label and nothing else
	keys      []string // whole parts of a name: "risk level" in riskLevel, risk_level, household_risklevel
	pattern   *regexp.Regexp
	excusable bool
	squeezed  []string // words, as inText compares them
	joined    []string // keys, as inName compares them
	message   string   // {0} is the question, {1} what was found
	remedy    string
}

// builtin are the rules every county has.
var builtin = []rule{
	{
		code: Branding, where: asked | hints | choices | notes,
		words: []string{
			"重点人员", "重点对象", "重点管控", "重点稳控", "稳控", "维稳", "上访史", "上访次数", "信访次数", "信访史", "上访户", "信访户", "上访人员", "缠访", "闹访",
			"非访", "越级访", "老上访", "上访老户", "信访老户", "风险等级", "风险级别", "风险人员", "风险程度", "高风险户", "高风险人", "危险等级", "稳定等级", "稳定程度", "不稳定因素",
			"不稳定人员", "不放心人员", "社会危害", "敏感人员", "特殊人群", "黑名单", "忠诚度", "政治倾向", "训诫", "吸毒史", "犯罪史", "前科",
		},
		whole: []string{"高风险", "中风险", "低风险", "高危", "红色预警", "橙色预警", "黄色预警", "重点", "不稳定", "一级管控", "二级管控", "三级管控"},
		keys: []string{
			"risk level", "risk grade", "risk score", "risk rating", "person risk", "stability", "stability level", "steady", "steady grade",
			"wenkong", "weiwen", "zhongdian renyuan", "zhongdianrenyuan", "key person", "petition count", "petition history", "petition times",
			"petition type", "petitioner type", "shangfang", "shangfangshi", "xinfangcishu", "blacklist", "loyalty", "admonition", "troublemaker",
		},
		message: "“{0}”里的“{1}”是给人贴标签、定等级。",
		remedy:  "《信访工作条例》保护反映问题的人，《个人信息保护法》第二十八条严管特定身份信息；表里不建个人的风险、稳定档案。请删去这一项，把要办的事登记成问题。",
	},
	{
		code: Religion, where: asked | choices,
		words:   []string{"宗教信仰", "信仰", "信教", "信徒", "教徒", "教友", "信众", "做礼拜", "信不信教", "传教"},
		whole:   []string{"佛教", "道教", "伊斯兰教", "天主教", "基督教", "无宗教", "法轮功"},
		keys:    []string{"religion", "religious", "religious belief", "faith", "belief", "zongjiao", "zongjiaoxinyang", "xinyang", "xinjiao"},
		message: "“{0}”问到了宗教信仰（{1}）。",
		remedy:  "宗教信仰是《个人信息保护法》第二十八条的敏感个人信息，走访用不着。请删去这一题；要办的宗教事务登记成问题的类别即可。",
	},
	{
		code: IdentityCard, where: asked, excusable: true,
		words:   []string{"身份证", "公民身份号码", "公民身份证号", "证件号", "护照号", "户口本照片"},
		keys:    []string{"id card", "idcard", "id number", "idno", "id no", "identity number", "identity card", "national id", "sfz", "sfzh", "sfzhm", "shenfenzheng", "shenfenzhenghao"},
		message: "“{0}”要收集证件号码（{1}），没有写明依据。",
		remedy:  "《个人信息保护法》第六条要求只收必需的。不需要就删去；确实要用的，加一列 basis，写明“用于……；依据《……》第……条”。",
	},
	{
		code: Sensitive, where: asked, excusable: true,
		words: []string{
			"银行卡号", "银行账号", "银行账户", "存折号", "社保卡号", "病史", "患病情况", "所患疾病", "确诊", "残疾证号", "精神障碍", "精神疾病", "传染病", "孩子姓名", "儿童姓名", "未成年人姓名",
		},
		keys:    []string{"bank card", "bank account", "bankcard", "yinhangka", "medical history", "diagnosis", "disease", "child name"},
		message: "“{0}”要收集敏感个人信息（{1}），没有写明依据。",
		remedy:  "健康、金融账户、不满十四周岁孩子的信息，《个人信息保护法》第二十八、三十一条要求目的特定、确有必要。不需要就删去；确实要用的，加一列 basis，写明“用于……；依据《……》第……条”。",
	},
	{
		code: RatedSelf, where: labels | notes,
		pattern: regexp.MustCompile(
			`(走访人|走访干部|走访人员|联系干部|包村干部|包户干部|包联干部|驻村干部|帮扶干部|网格员|入户人员|来访干部|登记人|我们的服务|本次走访|这次走访|此次走访)[^，。；]*(满意|评价|评分|打分|打几分|态度|称职|表现|好不好)` +
				`|(满意|评价|打分|评分)[^，。；]*(走访人|走访干部|走访人员|联系干部|包村干部|包户干部|驻村干部|帮扶干部|网格员|入户人员)`),
		keys:    []string{"cadre rating", "visitor rating", "rate visitor", "cadre satisfaction", "visitor satisfaction"},
		message: "“{0}”让群众当着走访人的面、在他的设备上给他打分（{1}）。",
		remedy:  "这样问不出真话，也使人为难。请删去；评价由另一个单位回访时问，或走回访卡上的电话和信封。",
	},
	{
		code: Watching, where: asked | choices | notes,
		words: []string{
			"签到", "打卡", "排名", "名次", "排行", "龙虎榜", "在线时长", "在线时间", "停留时长", "走访时长", "走访任务数", "走访指标", "走访率", "完成率", "积分", "考核得分", "工作轨迹",
		},
		keys: []string{
			"check in", "checkin", "clock in", "clockin", "sign in time", "ranking", "rank no", "leaderboard", "online time", "online minutes", "online duration",
			"stay minutes", "qiandao", "daka", "paiming", "jifen",
		},
		message: "“{0}”是在考核走访人（{1}），不是在记群众的事。",
		remedy:  "《政务移动互联网应用程序规范化管理办法》（国办函〔2026〕12号）不许用打卡签到、积分排名、在线时长来考核。请删去这一项。",
	},
	{
		code: Biometrics, where: asked | choices,
		words:   []string{"指纹", "手印", "指模", "人脸", "刷脸", "面部识别", "虹膜", "声纹", "掌纹", "DNA", "血样"},
		keys:    []string{"fingerprint", "finger print", "face id", "faceid", "face recognition", "iris scan", "voiceprint", "palmprint", "zhiwen", "shouyin", "renlian", "dna"},
		message: "“{0}”要收集生物识别信息（{1}）。",
		remedy:  "生物识别是《个人信息保护法》第二十八条的敏感个人信息，走访用不着。请改用本人签名、代签，或选“不愿签名”。",
	},
	{
		code: Accused, where: asked,
		words:   []string{"被反映人", "被举报人", "被投诉人", "被控告人", "举报对象", "反映哪位干部", "反映哪个干部"},
		keys:    []string{"accused", "accused name", "reported person", "beijubaoren", "beifanyingren"},
		message: "“{0}”在普通表里记被反映的人（{1}），他可能看得到。",
		remedy:  "反映干部的问题请用封存的办法，或告诉群众县级电话和信封；这张表上不记。请删去这一题。",
	},
}

// unsealed refuses to ask in the open what is to be sealed.
var unsealed = rule{
	code: Unsealed, where: labels,
	words:   []string{"反映干部", "反映村干部", "反映镇干部", "反映乡干部", "举报干部", "举报村干部", "检举", "干部违纪", "干部作风问题"},
	message: "“{0}”（{1}）没有封存，写下的字会留在本机和服务器的记录里。",
	remedy:  "反映干部的问题只能封存：题型写 text，appearance 写 sealed，readonly 写 yes。不想用封存框的，请删去这一题，告诉群众县级电话和信封。",
}.ready()

// kinds are the types of questions that are refused whatever they are called.
var kinds = map[string]rule{
	"geopoint": located, "geotrace": located, "geoshape": located, "start-geopoint": located, "background-geopoint": located, "osm": located,
	"background-audio": {
		code: Eavesdrop, message: "“{0}”会在填表时录音，群众不知道。", remedy: "请删去这一题。要留录音的，用 audio 题，先问群众同不同意。",
	},
}

// located is what refuses to say where a person is.
var located = rule{
	code: Location, where: asked,
	words:   []string{"经纬度", "GPS", "实时位置", "位置坐标", "定位信息", "当前定位", "行踪", "行动轨迹", "活动轨迹"},
	keys:    []string{"latitude", "longitude", "gps", "geolocation", "jingweidu", "dingwei", "location track"},
	message: "“{0}”要收集位置（{1}）。",
	remedy:  "行踪轨迹是《个人信息保护法》第二十八条的敏感个人信息，定位也会变成对走访人的监控。请改成填空题，写地名、门牌或方位。",
}

// forced refuses a file that must be given.
var forced = rule{
	code: ForcedPhoto, message: "“{0}”是必填的{1}。",
	remedy: "不能强求拍照、录音或签名留痕（国办函〔2026〕12号）。请删去 required；需要材料时写“可不拍”，由群众决定。",
}

// thin refuses a basis that says too little.
var thin = rule{
	code: ThinBasis, message: "“{0}”的依据“{1}”没有说清目的或法律依据。",
	remedy: "请写成“用于……；依据《……》第……条”。",
}

// lawful finds what names a law, and aim what says a purpose.
var (
	lawful = regexp.MustCompile(`《[^》]+》|第[一二三四五六七八九十百零0-9]+条`)
	aim    = regexp.MustCompile(`用于|用来|为了|目的|办理|核对|核实|发放`)
)

// everywhere are the rules every form is held to, ready for use.
var everywhere = func() []rule {
	var all []rule
	for _, one := range append(slices.Clone(builtin), located) {
		all = append(all, one.ready())
	}
	return all
}()

// ready works out what is compared again and again.
func (r rule) ready() rule {
	for _, word := range r.words {
		r.squeezed = append(r.squeezed, squeezed(word))
	}
	for _, key := range r.keys {
		r.joined = append(r.joined, strings.ReplaceAll(key, " ", ""))
	}
	return r
}

// Rules are the built-in rules and what a county adds to them.
type Rules struct{ added []rule }

func (r Rules) all() []rule { return slices.Concat(everywhere, r.added) }
