"""Stores, products and options of the invented chain."""

from sandbox.world.life import Option

BRAND = "별빛스튜디오"
PRODUCTS = (("기본 촬영 50분", 45_000), ("가족 촬영 50분", 60_000), ("야간 촬영 50분", 50_000))

NAVER = Option("인화 1장 더 (네이버 리뷰 작성 약속)")
INSTA = Option("인스타 게시 이벤트 참여")
ORIGINAL = Option("원본 파일 받기")
REMOTE = Option("무선 셔터 리모컨")
BACKDROP = Option("배경지 한 장 더", price=5_000)
RETOUCH = Option("전문가 보정 컷", count=2, price=10_000)
ADD_PERSON = Option("사진 보정 추가 인원", count=1, price=5_000)

OPTION_SETS: dict[str, list[Option] | None] = {
    "plain": [REMOTE],
    "naver": [REMOTE, NAVER],
    "insta": [INSTA],
    "original": [ORIGINAL, BACKDROP],
    "retouch": [RETOUCH, ADD_PERSON],
    "empty": [],
    "null": None,
}
KEYWORD_SETS = ("naver", "insta", "original")


def store_name(store: str) -> str:
    """Display name of a store: the n-th of the chain."""
    return f"{BRAND} {int(store) % 100}호점"
