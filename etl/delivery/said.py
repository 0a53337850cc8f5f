"""What became of a delivery, in Chinese: the ledger and its receipts speak English.

They stand here and not in a catalogue of the interface: verbs say them without it. Words of a
server, names and addresses stay as they are.
"""

from __future__ import annotations

import re
from typing import Literal

_AT = r"(\d{4}-\d\d-\d\dT[\d:.+Z-]+|\d\d:\d\d)"
_CHATS = r"(Slack|Feishu|DingTalk|WeCom)"
_PHRASES: dict[str, str] = {
    # How it stands
    r"\bnot sent yet\b": "尚未发送",
    r"\bas asked\b": "按要求再次发送",
    rf"\bsent on {_AT}": r"已于 \1 发送",
    rf"\bfailed on {_AT}: ": r"\1 发送失败：",
    r"\bthe attempt broke off before its end\b": "上一次发送中途中断",
    rf" \({_AT}\); look there, then send it again if need be": r"（\1）；请先到那里核实，"
    "必要时再发送",
    rf"\bsent at {_AT} \(([\w/+-]+)\); use --again to send it once more": r"已于 \1（\2）发送；"
    "如需再次发送，请使用 --again",
    r" \(the ledger has (\d+) torn lines, whose steps count as unknown\)": r"（台账中有 \1 行残缺，"
    "相应步骤视为未知）",
    r"\bone message of (\d+) alerts\b": r"\1 条警报合为一条消息",
    r"\bit is sent again at the next look\b": "下次检查时重新发送",
    r"\bwhat failed is sent again at the next look\b": "失败的部分下次检查时重新发送",
    r"(`artonomics report schedule run [\w-]+`) sends again what failed": r"\1 会重发失败部分",
    r" \((\d+) tries\)": r"（共试 \1 次）",
    # Chats
    rf"\b{_CHATS} has the message\b": r"\1 已收到消息",
    r"; it has the message\b": "；它已收到消息",
    rf"\b{_CHATS} refuses: ": r"\1 拒收：",
    r"\bcannot be reached\b": "无法连接",
    rf"\b{_CHATS} fell silent after it had been handed the post": r"\1 收到请求后没有回应",
    rf"\b{_CHATS} answers HTTP (\d+): a gateway does not know what became of it": r"\1 返回 "
    r"HTTP \2：网关不知道结果如何",
    r"no encrypted connection to (\S+): its certificate is not trusted here": r"无法与 \1 建立"
    "加密连接：本机不信任其证书",
    r"\bit does not know this address\b": "不认识这个地址",
    r"\btoo many messages in a short time\b": "短时间内消息过多",
    r"\bthe signature is wrong: see the secret and the clock of this machine": "签名错误：请检查"
    "密钥和本机时钟",
    r"\bits security settings refuse it: signature, key word or address": "安全设置不允许：签名、"
    "关键词或地址",
    r"\bthe bot wants a key word that the message lacks": "消息中缺少机器人要求的关键词",
    r"\bthe bot does not take this machine's address": "机器人不接受本机地址",
    r"\bthe webhook is switched off": "webhook 已停用",
    r"\bits channel is (?:gone|archived)": "其频道已删除或归档",
    r"\ban answer without a code": "应答中没有状态码",
    # Mail and folders
    r"\bthe mail server (\S+) 无法连接": r"邮件服务器 \1 无法连接",
    r"\bnot mailed to ": "未能寄给 ",
    r"\bmailed to ": "已寄给 ",
    r"(\S+) refuses the login: ": r"\1 拒绝登录：",
    r"\b(?:the content|the sender) is refused: ": "邮件被拒收：",
    r"\bthe server fell silent after the whole mail was handed over": "邮件交出后服务器没有回应",
    r"\bask a recipient whether it arrived": "请向收件人确认是否收到",
    r"(?:^|(?<=，))in (/.*?): ": r"位于 \1：",
    r"(/\S+) takes no more: ": r"\1 无法再写入：",
    # What to do
    r"; expected: (?:its answer|HTTP 200|250)": "",
    r"; expected: (?:a connection|an answer|a login|a quieter moment|a message that is taken)": "",
    r"; to do: ": "；建议：",
    r"\bsee the network of this machine": "检查本机网络",
    r"\bsend it again later": "稍后重新发送",
    r"\bsee the settings of the bot": "检查机器人的设置",
    r"\blook whether it is there": "到那里核实是否已送达",
    r"\bcheck host, port and security of the channel, and whether the server is up": "检查该渠道的"
    "主机、端口与加密方式，以及服务器是否在运行",
    r"\bcheck user and password of the channel": "检查该渠道的用户名和密码",
}
_STATES = {"sent": "已发送", "failed": "失败", "uncertain": "不确定", "would_send": "将会发送"}
_STATE = re.compile(rf"(?:(?<=: )|^)({'|'.join(_STATES)})(?:, |: )")


def detail(told: str, language: Literal["en", "zh"] | str) -> str:
    """Return the detail of a receipt, or of the run of a schedule, in a language.

    What is not known by its words stays in English.

    Parameters
    ----------
    told
        As a receipt, the ledger or the record of runs has it.
    language
        ``zh``; any other leaves it as it is.
    """
    if language != "zh":
        return told
    told = _STATE.sub(lambda found: f"{_STATES[found[1]]}，", told)
    for words, chinese in _PHRASES.items():
        told = re.sub(words, chinese, told)
    return told.replace("; ", "；")
