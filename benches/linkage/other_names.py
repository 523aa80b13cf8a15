"""Common names of the families in the third set: facts, listed by hand.

Each group: girls, boys, family names, mothers, fathers. Then what people call each other, how
names are written in other letters, and words of places.
"""


def words(text):
    return tuple(text.split())


def group(girls, boys, families, women, men):
    return {"F": words(girls), "M": words(boys), "families": words(families),
            "women": words(women), "men": words(men)}


GROUPS = {
    "wb": group(
        "Abigail Amber Anna Beth Bethan Charlotte Chloe Daisy Eleanor Elizabeth Ella Ellie Emily "
        "Emma Esme Eva Evie Faith Georgia Grace Gracie Hannah Harriet Holly Isabella Isabelle "
        "Jasmine Jessica Katie Lauren Libby Lucy Lydia Maisie Margaret Martha Matilda Megan Molly "
        "Natasha Paige Phoebe Poppy Rebecca Rosie Ruby Sarah Scarlett Skye Sophia Summer Tilly "
        "Victoria Zoe",
        "Aaron Adam Alexander Andrew Ben Benjamin Bradley Callum Cameron Christopher Connor Daniel "
        "David Dylan Edward Ethan Finley Frederick Harrison Harvey Henry Isaac Jake Jayden Joel "
        "Joseph Joshua Kieran Kyle Lewis Liam Logan Louis Luke Matthew Max Michael Nathan "
        "Nicholas Owen Peter Reece Riley Robert Ryan Samuel Sebastian Stanley Tyler William "
        "Zachary",
        "Adams Allen Bailey Baker Barker Barnes Bennett Booth Bradshaw Brooks Butler Carter "
        "Chapman Clarke Collins Cook Cooper Cox Dawson Dean Dixon Ellis Fisher Fletcher Foster "
        "Gibson Graham Grant Greenwood Hargreaves Harrison Hartley Hill Holmes Hudson Hunt Jackson "
        "Jenkins Kershaw King Knight Lawson Lee Marsden Marshall Mason Matthews Mills Mitchell "
        "Moore Palmer Parker Pearson Phillips Pickles Powell Price Richardson Roberts Rogers "
        "Saunders Scott Shaw Simpson Spencer Stevens Sutcliffe Turner Walsh Ward Watson Webb Wells "
        "Wilkinson Young",
        "Alison Amanda Angela Carol Claire Deborah Donna Gillian Helen Jacqueline Jane Jennifer "
        "Joanne Julie Karen Kerry Lesley Linda Michelle Natalie Nicola Sally Sharon Stacey Susan "
        "Tracy",
        "Alan Anthony Barry Brian Colin Craig Dean Gary Gavin Graham Jason Keith Kevin Lee Martin "
        "Neil Nigel Philip Simon Stephen Stuart Trevor Wayne"),
    "ie": group(
        "Aoife Caoimhe Ciara Clodagh Eimear Fionnuala Gráinne Niamh Nuala Órla Róisín Saoirse "
        "Sinéad Siobhán Sorcha Bríd Maeve Oonagh Áine Éabha",
        "Aidan Cathal Ciarán Cillian Colm Conor Daithí Darragh Donnacha Eoin Fergal Fiachra "
        "Lorcan Oisín Pádraig Ruairí Rónán Seán Tadhg Tiarnán",
        "Brennan Byrne Connolly Daly Doherty Doyle Fitzgerald Flynn Gallagher Kavanagh Keane "
        "Kennedy Lynch MacCarthy McGrath McLoughlin Moran Murphy Nolan O'Brien O'Connor O'Donnell "
        "O'Neill O'Reilly O'Sullivan Quinn Ryan Sweeney",
        "Bernadette Bridget Catherine Deirdre Geraldine Mairead Noreen Sheila Una",
        "Brendan Declan Dermot Eamon Gerard Kieran Liam Niall Patrick"),
    "cy": group(
        "Angharad Anwen Bronwen Carys Catrin Cerys Eirlys Elin Ffion Gwen Gwenllian Haf Heledd "
        "Lowri Mared Megan Myfanwy Nerys Non Rhiannon Seren Sioned Tegan",
        "Aled Alun Dafydd Dewi Emrys Emyr Gareth Geraint Gethin Gruffydd Gwilym Huw Ieuan Ifan "
        "Iolo Iwan Llywelyn Macsen Owain Rhodri Rhys Siôn Tomos",
        "Bevan Bowen Ellis Evans Griffiths Gwynne Howells Hopkins Jenkins Llewellyn Lloyd Meredith "
        "Morgan Nicholas Parry Powell Price Pritchard Prosser Rees Rhydderch Vaughan",
        "Beti Delyth Eleri Glenys Mair Menna Olwen Sian",
        "Bryn Dylan Elwyn Glyn Gwyn Hywel Idris Ivor"),
    "ee": group(
        "Aleksandra Alicja Amelia Anastasija Antonina Daria Dominika Elena Emilija Gabija Hanna "
        "Iga Ioana Julia Kamila Karolina Katarzyna Lena Liepa Liliana Magdalena Maja Maria Milena "
        "Natalia Oksana Oliwia Paulina Sofiya Teodora Urszula Weronika Wiktoria Yana Zofia Zuzanna",
        "Adrian Aleksander Andrei Bartosz Damian Dawid Dmytro Dominik Filip Georgi Igor Ivan Jakub "
        "Jan Kacper Krzysztof Lukas Maciej Marcel Mateusz Matas Mihai Mikołaj Nikodem Oleksandr "
        "Oskar Patryk Paweł Piotr Rokas Stanisław Stefan Szymon Tymoteusz Wojciech Yordan",
        "Adamczyk Bondarenko Borkowski Czerwiński Dąbrowski Dimitrov Dumitrescu Georgiev Grabowski "
        "Ionescu Ivanov Jankauskas Jankowski Jaworski Kamiński Kazlauskas Kovalenko Kowalczyk "
        "Krawczyk Kwiatkowski Lewandowski Majewski Malinowski Marinescu Mazur Nowak Ostrowski "
        "Pawlak Petrauskas Petrov Piotrowski Popescu Rutkowski Sadowski Shevchenko Sikorski "
        "Stanescu Stankevičius Szczepański Todorov Tomaszewski Walczak Wieczorek Wiśniewski "
        "Wróbel Zając Zawadzki",
        "Agnieszka Aneta Barbara Bogdana Danuta Dorota Ewa Grażyna Irena Iryna Joanna Justyna "
        "Malgorzata Mirela Oksana Renata Svetlana Tetiana",
        "Andrzej Bogdan Dariusz Dumitru Grzegorz Jerzy Leszek Marek Mykola Nikolai Rafał Robertas "
        "Sławomir Tomasz Vasile Zbigniew"),
    "wa": group(
        "Abena Abimbola Adaeze Adenike Adjoa Adwoa Aïssatou Akosua Akua Ama Aminata Binta Blessing "
        "Chiamaka Chidinma Chinelo Ebere Efua Esi Fatoumata Folake Funmilayo Grace Ifeoma Isatou "
        "Kadiatu Mariama Ngozi Nkechi Oluwaseun Patience Temitope Titilayo Yaa Yetunde",
        "Abdoulaye Adebayo Ayodele Babajide Chidi Chinedu Chukwuemeka Ebrima Ekow Emeka Femi "
        "Ibrahima Ikenna Kofi Kojo Kwabena Kwadwo Kwaku Kwame Kwasi Lamin Mamadou Modou Nnamdi "
        "Obinna Oluwafemi Olumide Ousmane Sekou Segun Tunde Uche Yaw",
        "Acheampong Adebayo Adeyemi Afolabi Agyeman Akande Amoah Ansah Appiah Asante Asare Bah "
        "Balogun Bangura Boateng Camara Ceesay Conteh Darko Diallo Diop Eze Frimpong Jallow "
        "Kamara Koroma Mensah Njie Nwosu Obi Ogunleye Okafor Okeke Okonkwo Okoye Oladipo Osei "
        "Owusu Sanneh Sesay Touray Traoré",
        "Afua Bukola Comfort Esther Florence Gladys Joy Mercy Rose Vida",
        "Emmanuel Felix Godwin Isaac Joseph Moses Samuel Sunday Victor"),
    "cn": group(
        "Hui-Ling Jia-Yi Jing Jingyi Lan Li-Na Mei-Ling Meili Min Ning Qian Shu-Fen Siu-Ling Ting "
        "Wai-Yan Wenjing Xiaoling Xiaoyan Xin-Yi Xue Ya-Ting Yan Ying Yuxin Zihan",
        "Chi-Ming Chun-Hei Haoran Hoi-Lam Jian Jie Jun Ka-Ho Kai-Ming Lei Long Ming Peng Siu-Ming "
        "Tao Tsz-Hin Wai-Lun Wei Weiming Xiaoming Yang Yi-Chen Yong Zhihao Zixuan",
        "Chan Chen Cheng Cheung Fung Guo Ho Hu Huang Kwok Lam Lau Leung Li Liang Lin Liu Luo Ma Ng "
        "Sun Tang Tsang Wang Wong Wu Xu Yang Yip Yuen Zhang Zhao Zheng Zhou Zhu",
        "Fang Hong Hua Li Mei Ping Qing Xia Xiu Yun",
        "Bin Bo Cheng Dong Feng Gang Hai Jun Qiang Rong"),
    "ro": group(
        "Alejandra Brandusa Cherry Denisa Esmeralda Florica Izabela Jasmina Kali Lavinia Loredana "
        "Luludja Mirela Narcisa Patrina Rupa Sabina Samanta Simza Zamfira",
        "Bobby Costel Dobrin Dragan Elvis Florin Gheorghe Gino Ionut Jozef Kristian Lacho Marian "
        "Milan Nelu Pesha Rambo Roman Sandu Yanko",
        "Balog Boswell Ciuraru Cooper Dunka Feri Gabor Horvath Kotlar Lakatos Lee Lovell Mirga "
        "Pustai Radu Rostas Smith Stoica Varga Wood",
        "Anca Doina Maria Rozalia Viorica Zlatica",
        "Ferko Ion Josef Ladislav Nicolae Vasile"),
    "sa": group(
        "Aaliyah Aleena Anisa Asma Ayesha Bushra Fariha Fatima Haleema Hira Huma Inaya Kinza "
        "Mahnoor Mariam Mishal Nabila Noor Rabia Ruqayyah Saba Sadia Saira Sumayyah Tayyaba Uzma "
        "Zahra Zoya",
        "Aadil Abdul Ahsan Ali Amaan Arham Asad Daniyal Ehsan Fahad Ghulam Haider Haroon Hassan "
        "Imran Ismail Junaid Kamran Mohammed Mustafa Nabeel Qasim Raheel Saad Shahid Talha Usman "
        "Yahya Zeeshan Zubair",
        "Abbas Ahmad Akram Anwar Ashraf Aslam Aziz Bashir Begum Bibi Butt Chaudhry Dar Farooq "
        "Ghafoor Hameed Hanif Haq Javed Kausar Latif Malik Masood Mir Mughal Nawaz Nazir Qureshi "
        "Rafiq Raja Rashid Rehman Saddique Saleem Sharif Siddiqui Sultana Tariq Yaqoob Yousaf "
        "Zaman",
        "Farzana Ghazala Kalsoom Nasreen Parveen Robina Samina Shabana Tahira Yasmin",
        "Arshad Ejaz Farhan Ifraz Khalid Liaqat Nadeem Pervez Riaz Tanveer Waqar"),
    "af": group(
        "Amal Asha Bilan Eden Fardowsa Feven Hani Hodan Ifrah Khadra Luwam Nimco Rahel Sagal "
        "Samira Selam Shukri Ubah Warsan Yodit",
        "Abdi Abel Awet Bashir Biniam Dahir Filmon Guled Hamse Liban Mahad Natnael Robel Saed "
        "Samatar Temesgen Warsame Yonas Yusuf Zekarias",
        "Abdi Abdullahi Adan Araya Berhe Dirie Farah Gebremariam Gedi Haile Hersi Isse Jama "
        "Kidane Mehari Mohamud Nur Omar Osman Tekle Tesfay Warsame Yemane",
        "Amina Halima Hawa Lul Sahra Tsehay Zeinab",
        "Ahmed Hassan Ismail Kidane Mohamed Tesfaye"),
}
SHARES = {"wb": 52, "sa": 13, "ee": 11, "wa": 6, "ie": 5, "cy": 4, "cn": 3, "ro": 3, "af": 3}

# What people are called instead; either may stand in a record.
SHORT = dict(pair.split(":") for pair in words(
    "Abigail:Abbie Alexander:Alex Amanda:Mandy Andrew:Andy Anthony:Tony Benjamin:Ben "
    "Charlotte:Lottie Christopher:Chris Daniel:Danny David:Dave Deborah:Debbie Edward:Ted "
    "Eleanor:Nell Elizabeth:Betsy Emily:Millie Frederick:Fred Georgia:George Harriet:Hattie "
    "Harrison:Harry Henry:Hal Isabella:Bella Isabelle:Izzy Jacqueline:Jackie Jennifer:Jenny "
    "Jessica:Jess Joseph:Joe Joshua:Josh Katie:Kate Lydia:Liddy Margaret:Maggie Martha:Patty "
    "Matilda:Tilly Matthew:Matt Michael:Mick Natasha:Tash Nathan:Nate Nicholas:Nick Peter:Pete "
    "Philip:Phil Rebecca:Becky Robert:Bobby Samuel:Sam Sarah:Sadie Sebastian:Seb Stephen:Steve "
    "Susan:Sue Victoria:Vicky William:Billy Zachary:Zac Aleksandra:Ola Aleksander:Olek "
    "Agnieszka:Aga Bartosz:Bartek Jakub:Kuba Jan:Janek Julia:Julka Katarzyna:Kasia "
    "Krzysztof:Krzysiek Magdalena:Magda Małgorzata:Gosia Maria:Marysia Mateusz:Mati "
    "Mikołaj:Mikoś Oleksandr:Sasha Piotr:Piotrek Stanisław:Staszek Szymon:Szymek Tomasz:Tomek "
    "Wojciech:Wojtek Zofia:Zosia Zuzanna:Zuzia Oluwaseun:Seun Oluwafemi:Femi Temitope:Temi "
    "Chukwuemeka:Emeka Chinedu:Nedu Chiamaka:Amaka Chidinma:Chichi Funmilayo:Funmi "
    "Fionnuala:Nuala Caoimhe:Keeva Pádraig:Paddy Siobhán:Shiv Dafydd:Dai Gwenllian:Gwen "
    "Angharad:Hari Llywelyn:Llew Gruffydd:Guto Mohammed:Mo Ruqayyah:Ruqs Mahnoor:Noor "
    "Zeeshan:Shan Abdullahi:Abdi"))

# The same name in another spelling.
ALSO = dict(pair.split(":") for pair in words(
    "Aoife:Eefa Caoimhe:Kweeva Ciara:Keira Niamh:Neve Saoirse:Seersha Sinéad:Shinade "
    "Siobhán:Shevaun Ciarán:Kieran Cillian:Killian Eoin:Owen Oisín:Osheen Ruairí:Rory Seán:Shaun "
    "Tadhg:Tiege Darragh:Dara Dafydd:David Siôn:Sean Rhys:Reece Ieuan:Ewan Catrin:Katrin "
    "Ffion:Fionn Owain:Owen Mohammed:Muhammad Yousaf:Yusuf Ahmad:Ahmed Hassan:Hasan Rehman:Rahman "
    "Chaudhry:Choudhary Siddiqui:Siddiqi Qureshi:Quraishi Yaqoob:Yakub Saddique:Sadiq "
    "Fatima:Fathima Ayesha:Aisha Mariam:Maryam Zahra:Zara Usman:Othman Dmytro:Dmitri "
    "Oleksandr:Alexander Mykola:Nikolai Sofiya:Sophia Yana:Jana Iryna:Irina Tetiana:Tatiana "
    "Wiktoria:Victoria Wojciech:Voytek Jakub:Yakub Zając:Zajonc Kowalczyk:Kovalchik "
    "Shevchenko:Szewczenko Georgiev:Gueorguiev Dimitrov:Dimitroff Ivanov:Iwanow Diallo:Jallow "
    "Bah:Barry Camara:Kamara Traoré:Touray Mensah:Mensa Boateng:Boaten Kwadwo:Kojo Adjoa:Adwoa "
    "Kwabena:Kobina Mamadou:Mahamadou Fatoumata:Fatou Chan:Chen Cheung:Zhang Wong:Wang Lam:Lin "
    "Leung:Liang Lau:Liu Ng:Wu Kwok:Guo Ho:He Tsang:Zeng Chiu:Zhao Yeung:Yang Xiaoming:Siu-Ming "
    "Horvath:Horvát Lakatos:Lakatosh Gheorghe:George Jozef:Josef Mohamud:Maxamuud Omar:Cumar "
    "Abdi:Cabdi Yusuf:Yuusuf Halima:Xaliimo Tesfay:Tesfaye Gebremariam:Gebre"))

# Family names that differ between a son and a daughter.
ENDINGS = (("ski", "ska"), ("cki", "cka"), ("ńsk", "ńsk"), ("ov", "ova"), ("ev", "eva"),
           ("auskas", "auskaitė"), ("ičius", "ičiūtė"))

STREETS = tuple(
    "Acre Lane;Bank Top;Beacon Hill Road;Bramble Way;Brook Street;Cavendish Avenue;Church Lane;"
    "Clarence Place;Cross Hills;Fern Bank;Furness Drive;Garden Terrace;Gibbet Walk;Harrow View;"
    "Highfield Crescent;Illingworth Rise;Jubilee Road;Keighley Close;Lister's Yard;Moorside "
    "Gardens;Nursery Lane;Ovenden Green;Park Parade;Pellon Way;Queensway;Range Bank;Savile Park;"
    "Shay Lane;Spring Hall Mount;Stanley Road;Thornhill Street;Union Terrace;Vickers Court;"
    "Well Head;West View;Willow Field;Wood Bottom".split(";"))
PLACES = (("HX1", "Halifax"), ("HX2", "Halifax"), ("HX3", "Halifax"), ("HX4", "Greetland"),
          ("HX5", "Elland"), ("HX6", "Sowerby Bridge"), ("HX7", "Hebden Bridge"),
          ("OL14", "Todmorden"), ("HD6", "Brighouse"))
