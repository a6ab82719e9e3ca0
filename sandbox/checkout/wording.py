"""The hosted page's words in Portuguese and English."""

WORDS = {
    "pt": {
        "title": "Pagamento", "sandbox": "Ambiente de testes — não há dinheiro real", "back": "Voltar", "total": "Total",
        "shipping": "Portes", "email": "Email", "card": "Pagar com cartão", "number": "Número do cartão",
        "expiry": "Validade (MM/AA)", "cvc": "CVC", "name": "Nome no cartão", "pay": "Pagar", "other": "Outros métodos",
        "phone": "Telemóvel (MB WAY)", "hint": "Cartão de teste: 4242 4242 4242 4242, qualquer data futura, qualquer CVC.",
        "no_card": "O número do cartão não é um cartão de teste. Experimente 4242 4242 4242 4242.",
        "bad_expiry": "A validade está incompleta ou já passou. Escreva mês e ano, por exemplo 12/34.",
        "bad_cvc": "O código de segurança tem três ou quatro algarismos.", "bad_email": "Escreva um email válido.",
        "bad_name": "Escreva o nome que está no cartão.",
        "bad_phone": "Escreva um número de telemóvel português, por exemplo 912 345 678.",
        "card_declined": "O cartão foi recusado. Experimente outro cartão.",
        "insufficient_funds": "O cartão não tem saldo suficiente.", "expired_card": "O cartão expirou.",
        "incorrect_cvc": "O código de segurança está errado.", "processing_error": "O cartão não pôde ser processado. Tente de novo.",
        "payment_intent_authentication_failure": "A autenticação falhou. Experimente outro cartão.",
        "payment_method_customer_decline": "O pagamento foi recusado na aplicação MB WAY.",
        "payment_intent_payment_attempt_expired": "O pagamento não foi aprovado a tempo. Pode tentar de novo.",
        "again": "Tentar de novo",
        "closed": "Esta página de pagamento já não está ativa.", "paid": "Este pagamento já foi feito.", "shop": "Voltar à loja",
        "challenge": "Autenticação 3-D Secure", "challenge_text": "O banco de testes pergunta: é mesmo o titular do cartão?",
        "mb_way_title": "Aprovar no MB WAY", "mb_way_text": "Na aplicação MB WAY de testes: aprova este pagamento?",
        "complete": "Aprovar", "fail": "Recusar", "voucher": "Pagamento por Multibanco", "entity": "Entidade",
        "reference": "Referência", "amount": "Montante", "until": "Pagar até",
        "voucher_text": "Pague num caixa Multibanco ou no homebanking com estes dados.",
        "tester": "Só no ambiente de testes:", "pay_voucher": "Pagar esta referência", "expire_voucher": "Deixar expirar",
        "done": "Concluído. Pode fechar esta página.",
    },
    "en": {
        "title": "Payment", "sandbox": "Sandbox — no real money", "back": "Back", "total": "Total", "shipping": "Shipping",
        "email": "Email", "card": "Pay by card", "number": "Card number", "expiry": "Expiry (MM/YY)", "cvc": "CVC",
        "name": "Name on card", "pay": "Pay", "other": "Other methods", "phone": "Mobile phone (MB WAY)",
        "hint": "Test card: 4242 4242 4242 4242, any future date, any CVC.",
        "no_card": "Your card number is not a test card. Try 4242 4242 4242 4242.",
        "bad_expiry": "The expiry date is incomplete or in the past. Write month and year, such as 12/34.",
        "bad_cvc": "The security code has three or four digits.", "bad_email": "Write a valid email.",
        "bad_name": "Write the name on the card.", "bad_phone": "Write a Portuguese mobile number, such as 912 345 678.",
        "card_declined": "Your card was declined. Try another card.", "insufficient_funds": "Your card has insufficient funds.",
        "expired_card": "Your card has expired.", "incorrect_cvc": "Your card's security code is incorrect.",
        "processing_error": "Your card could not be processed. Try again.",
        "payment_intent_authentication_failure": "The authentication failed. Try another card.",
        "payment_method_customer_decline": "The payment was refused in the MB WAY app.",
        "payment_intent_payment_attempt_expired": "The payment was not approved in time. You can try again.",
        "again": "Try again",
        "closed": "This payment page is no longer active.", "paid": "This payment has been made.", "shop": "Back to the shop",
        "challenge": "3-D Secure authentication", "challenge_text": "The test bank asks: are you really the holder of this card?",
        "mb_way_title": "Approve in MB WAY", "mb_way_text": "In the MB WAY test app: do you approve this payment?",
        "complete": "Approve", "fail": "Refuse", "voucher": "Payment by Multibanco", "entity": "Entity",
        "reference": "Reference", "amount": "Amount", "until": "Pay before",
        "voucher_text": "Pay at a Multibanco machine or by home banking with these details.",
        "tester": "In the sandbox only:", "pay_voucher": "Pay this reference", "expire_voucher": "Let it expire",
        "done": "Done. You can close this page.",
    },
}  # fmt: skip


def words(locale: str | None) -> dict[str, str]:
    """English for `en…`, Portuguese for everything else (the shop's customers are Portuguese)."""
    return WORDS["en" if (locale or "").startswith("en") else "pt"] | {
        "lang": "en" if (locale or "").startswith("en") else "pt"
    }
